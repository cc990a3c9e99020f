/* The programs inside the kernel, all in one object: calls, the kernel's own events, packets. Each
 * bears the name of its hook. The verifier holds them to doing no harm; what they miss, they count.
 */

#include "sys/call.bpf.h"
#include "sys/kernel.bpf.h"
#include "sys/return.bpf.h"
#include "sys/tap.bpf.h"

char LICENSE[] SEC("license") = "GPL";
