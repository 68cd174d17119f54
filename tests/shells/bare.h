/* Just enough system to write the stub without a C library: starting a static glibc program costs
 * ten times what the stub itself does, and it is started hundreds of thousands of times. */
#ifndef BARE_H
#define BARE_H
#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <stddef.h>

typedef long word;

#if defined(__x86_64__)
static inline word call(word n, word a, word b, word c, word d, word e, word f)
{
    word result;
    register word r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
__asm__(".globl _start\n_start: xor %ebp,%ebp; mov %rsp,%rdi; and $-16,%rsp; call begin\n");
#elif defined(__aarch64__)
static inline word call(word n, word a, word b, word c, word d, word e, word f)
{
    register word x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
        x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
__asm__(".globl _start\n_start: mov x29, xzr; mov x0, sp; bl begin\n");
#else
#error "the stub knows the system calls of x86_64 and aarch64 only"
#endif

#define SYS0(n) call(__NR_##n, 0, 0, 0, 0, 0, 0)
#define SYS1(n, a) call(__NR_##n, (word)(a), 0, 0, 0, 0, 0)
#define SYS2(n, a, b) call(__NR_##n, (word)(a), (word)(b), 0, 0, 0, 0)
#define SYS3(n, a, b, c) call(__NR_##n, (word)(a), (word)(b), (word)(c), 0, 0, 0)
#define SYS4(n, a, b, c, d) call(__NR_##n, (word)(a), (word)(b), (word)(c), (word)(d), 0, 0)

static inline size_t length(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

static inline int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static inline char *put_text(char *to, const char *s)
{
    while (*s)
        *to++ = *s++;
    return to;
}

static inline char *put_number(char *to, unsigned long value, unsigned base)
{
    char digits[24];
    int n = 0;
    do
        digits[n++] = (char)('0' + value % base);
    while (value /= base);
    while (n)
        *to++ = digits[--n];
    return to;
}

/* The number behind a label such as "PPid:\t" in a /proc file, in hexadecimal or decimal. */
static inline unsigned long number_after(const char *in, const char *label, unsigned base)
{
    unsigned long value = 0;
    size_t n = length(label), i;
    for (; *in; in++) {
        for (i = 0; i < n && in[i] == label[i]; i++)
            ;
        if (i == n)
            break;
    }
    if (!*in)
        return 0;
    for (in += n; (*in >= '0' && *in <= '9') || (base == 16 && *in >= 'a' && *in <= 'f'); in++)
        value = value * base + (unsigned long)(*in <= '9' ? *in - '0' : *in - 'a' + 10);
    return value;
}
#endif
