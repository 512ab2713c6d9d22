/* Says hello and names the architecture it was compiled for, by its container-image name. */

#include <stdio.h>

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__i386__)
#define ARCHITECTURE "386"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#elif defined(__arm__) && __ARM_ARCH == 7
#define ARCHITECTURE "arm/v7"
#elif defined(__arm__) && __ARM_ARCH == 6
#define ARCHITECTURE "arm/v6"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE "ppc64le"
#elif defined(__s390x__)
#define ARCHITECTURE "s390x"
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE "riscv64"
#else
#error "teach hello.c the name of this architecture"
#endif

int main(void) {
    puts("Hello from linux/" ARCHITECTURE "!");
    puts("One commit, one image, every architecture.");
    return 0;
}
