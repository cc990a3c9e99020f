#!/bin/sh
# Both commands of the README on a machine that has nothing: a bare Debian with git, gcc and make, a
# clean clone of this tree's last commit, and the captures. As root.
#
# The root is a file tree under $FRESH with its own mounts in a mount namespace of its own, so they
# are gone when this ends, however it ends. What was downloaded is kept there for the next time.
# Packages come from where this machine's own /etc/apt says.
set -eu
FRESH=${FRESH:-/var/tmp/sonde-fresh}
PATH=$PATH:/usr/sbin:/sbin
root=$FRESH/root

if [ "$(id -u)" != 0 ]; then
	echo "make test-fresh takes root: it makes a root file system of its own"
	exit 77
fi

if [ "${1:-}" != inside ]; then
	mkdir -p "$FRESH"
	exec 9>"$FRESH/lock"
	flock -n 9 || { echo "another make test-fresh is running"; exit 1; }
	[ -d "$FRESH/archives" ] || mkdir "$FRESH/archives"
	# A new mount namespace; what is mounted there ends with it.
	exec unshare --mount --propagation private "$0" inside
fi

# The base, once: a tar of it serves the runs that follow.
base() {
	. /etc/os-release
	mirror=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk -v suite="$VERSION_CODENAME" '$1 == "Debian" && $2 == suite { print $3; exit }')
	echo "== a bare Debian $VERSION_CODENAME with git, gcc and make"
	rm -rf --one-file-system "$root"
	debootstrap --variant=minbase --include=git,gcc,make "$VERSION_CODENAME" "$root" \
		${mirror:+"$mirror"} >"$FRESH/log" 2>&1 || { tail -n 20 "$FRESH/log"; exit 1; }
	rm -f "$root"/var/cache/apt/archives/*.deb
	tar -C "$root" -cf "$FRESH/base.tar.new" .
	mv "$FRESH/base.tar.new" "$FRESH/base.tar"
}

# Where packages come from, without what hangs on programs of this machine.
configure_apt() {
	rm -rf "$root/etc/apt"
	cp -a /etc/apt "$root/etc/apt"
	for f in "$root"/etc/apt/apt.conf.d/*; do
		! grep -qE 'Invoke|Dir::Cache' "$f" || rm -f "$f"
	done
	echo 'Binary::apt-get::APT::Keep-Downloaded-Packages "true";' >"$root/etc/apt/apt.conf.d/99keep"
	cp -a /usr/share/keyrings/. "$root/usr/share/keyrings/"
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
	cp "$FRESH"/archives/*.deb "$root/var/cache/apt/archives/" 2>/dev/null || true
}

# inside_root COMMAND: there, with no environment of ours, input closed. pivot_root, not chroot: in
# a chroot the kernel makes no user namespaces.
inside_root() {
	unshare --mount --propagation private sh -ec '
		cd "$1"
		mkdir -p .old
		pivot_root . .old
		umount -l /.old
		cd /sonde
		exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			LANG=C.UTF-8 ${http_proxy:+http_proxy="$http_proxy"} sh -c "$2"' sh "$root" "$1" </dev/null
}

if [ ! -f "$FRESH/base.tar" ]; then
	base
else
	rm -rf --one-file-system "$root"
	mkdir "$root"
	tar -C "$root" -xf "$FRESH/base.tar"
fi
configure_apt
git -c safe.directory='*' clone -q . "$root/sonde"
if [ -d "$SONDE_CORPUS" ]; then
	mkdir -p "$root/shared"
	cp -r "$SONDE_CORPUS" "$root/shared/corpus"
fi
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"

code=0
began=$(date +%s)
echo "== make demo"
inside_root 'make demo' || code=1
echo "make demo took $(($(date +%s) - began)) s, with the packages and the build"
inside_root 'began=$(date +%s%N); build/bin/sonde demo >/dev/null; ended=$(date +%s%N)
	echo "the demo itself took $(((ended - began) / 1000000)) ms"' || code=1
echo "== make test"
inside_root "make test WERROR=$WERROR" || code=1

cp "$root"/var/cache/apt/archives/*.deb "$FRESH/archives/" 2>/dev/null || true
umount -R "$root" 2>/dev/null || umount -Rl "$root"
rm -rf --one-file-system "$root"
exit $code
