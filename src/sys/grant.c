#include "sys/grant.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { FIRST_USER_NAMESPACE = 0xEFFFFFFD };

struct sets {
	uint64_t inheritable, bounding, ambient;
};

static void read_own(struct sets *ret)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	*ret = (struct sets){ 0 };
	if (!syscall(SYS_capget, &head, data))
		ret->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	for (int cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		ret->bounding |= (uint64_t)(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1) << cap;
		ret->ambient |=
			(uint64_t)(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			<< cap;
	}
}

/* security.capability of revision 2, or 3 whose namespace is ours or above; effective alone. */
static bool read_file(const char *path, uint64_t *ret_permitted, uint64_t *ret_inheritable)
{
	struct vfs_ns_cap_data v;
	ssize_t n = getxattr(path, "security.capability", &v, sizeof v);

	*ret_permitted = *ret_inheritable = 0;
	if (n < (ssize_t)XATTR_CAPS_SZ_2 || !(le32toh(v.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		*ret_permitted |= (uint64_t)le32toh(v.data[i].permitted) << 32 * i;
		*ret_inheritable |= (uint64_t)le32toh(v.data[i].inheritable) << 32 * i;
	}
	return true;
}

static void look_at_namespaces(struct sonde_grant *g)
{
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), owner;
	struct stat st;

	g->inner = !stat("/proc/self/ns/user", &st) && st.st_ino != FIRST_USER_NAMESPACE;
	if (netns < 0)
		return;
	owner = ioctl(netns, NS_GET_USERNS); /* refused where the owner is outside of ours */
	g->foreign = g->inner && owner < 0 && errno == EPERM;
	if (owner >= 0)
		close(owner);
	close(netns);
}

int sonde_grant_read(struct sonde_grant *ret, const char *path)
{
	uint64_t inheritable;
	struct statvfs fs;
	struct sets own;
	bool has_file;

	if (access(path, X_OK))
		return -errno;
	read_own(&own);
	*ret = (struct sonde_grant){ .bound = own.bounding };
	look_at_namespaces(ret);
	has_file = read_file(path, &ret->file, &inheritable);
	ret->nosuid = !statvfs(path, &fs) && fs.f_flag & ST_NOSUID;
	ret->no_new = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	ret->root = !geteuid() && !(prctl(PR_GET_SECUREBITS) & SECBIT_NOROOT);
	if (ret->root)
		ret->has = own.inheritable | own.bounding;
	else if (has_file && !ret->nosuid && !ret->no_new)
		ret->has = (ret->file & own.bounding) | (inheritable & own.inheritable);
	else
		ret->has = own.ambient;
	return 0;
}
