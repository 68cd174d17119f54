/* Every program of the test root: logs how it was called, fails if it was told to, says a word.
 *
 * A record is one write to an O_APPEND descriptor, so records never mix.  Four habits make the
 * order of records repeatable:
 *  - standard input that is a pipe is read to its end BEFORE the record is written, so the stages
 *    of a pipeline log from left to right (and no writer ever gets SIGPIPE); the same for the pipe
 *    of a process substitution;
 *  - a stub of a background job (POSIX shells start those with INT and QUIT ignored) marks its
 *    record, stays alive until the driver lets it go, and then logs its end: the harness takes such records out of
 *    the main order and keeps "how far had the foreground come when it ended";
 *  - `sleep` stays until whatever was started in the background has got somewhere;
 *  - nothing is written to a shared standard output from the background.
 */
#include "bare.h"
#include "wire.h"

enum { INT = 2, QUIT = 3, PIPE = 13, KEPT = 4096, ROOM = 1 << 18, SLACK = 8192 };
#define TYPE(st) ((st).st_mode & 0170000)
#define FIFO 0010000
#define REGULAR 0100000
#define CHARACTER 0020000

static char record[ROOM]; /* touched only as far as it is used: a fault costs more than a copy */
static size_t used = 4;   /* the first four bytes hold the record's length */

static _Noreturn void quit(int status)
{
    for (;;)
        SYS1(exit_group, status);
}

/* A field is built where it stays: open, write, close. */
static char *open_field(void)
{
    if (used + SLACK > ROOM)
        quit(124);
    return record + used + 4;
}

static void set_size(char *at, size_t n)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(n >> 8 * i);
}

static void close_field(const char *end)
{
    set_size(record + used, (size_t)(end - (record + used + 4)));
    used = (size_t)(end - record);
}

static void text(const char *s)
{
    if (used + SLACK + length(s) > ROOM)
        quit(124);
    close_field(put_text(record + used + 4, s));
}

static void decimal(unsigned long value) { close_field(put_number(open_field(), value, 10)); }

static void flush(void)
{
    set_size(record, used - 4);
    if (SYS3(write, FD_LOG, record, used) != (word)used)
        quit(123);
    used = 4;
}

static void stay(const struct control *c, struct gate *g)
{
    uint32_t number = __atomic_add_fetch(&g->taken, 1, __ATOMIC_SEQ_CST), now;
    word time[2] = {c->hold_ms / 1000, (word)(c->hold_ms % 1000) * 1000000};
    while ((now = __atomic_load_n(&g->open, __ATOMIC_SEQ_CST)) < number)
        if (SYS4(futex, &g->open, 0 /* wait */, now, time) == -110 /* timed out */)
            return;
}

static size_t drain(struct control *c, int fd, char *kept, size_t n)
{
    char drop[512];
    size_t start = n;
    word got;
    while ((got = n < KEPT ? SYS3(read, fd, kept + n, KEPT - n)
                           : SYS3(read, fd, drop, sizeof drop)) > 0)
        n += n < KEPT ? (size_t)got : 0;
    if (n == start) /* `a >/dev/null | b`: the end came at once, let the left side log first */
        stay(c, &c->slept);
    return n;
}

static void input(struct control *c, char **argv)
{
    struct stat st;
    char *kept = open_field();
    size_t n = 0;
    if (!SYS2(fstat, 0, &st) && TYPE(st) == FIFO)
        n = drain(c, 0, kept, n);
    else if (TYPE(st) == REGULAR && st.st_size) {
        /* without moving the offset: the shell may be reading it too */
        word got = SYS4(pread64, 0, kept, KEPT, SYS3(lseek, 0, 0, 1));
        n = got > 0 ? (size_t)got : 0;
    }
    for (; *argv; argv++) {
        int fd = (int)number_after(*argv, "/dev/fd/", 10);
        if (fd && !SYS2(fstat, fd, &st) && TYPE(st) == FIFO
            && (SYS3(fcntl, fd, F_GETFL, 0) & O_ACCMODE) == O_RDONLY)
            n = drain(c, fd, kept, n);
    }
    close_field(kept + n);
}

static int must_fail(struct control *c, char **argv)
{
    uint64_t hash = 14695981039346656037u;
    int fail = 0;
    if (!c->nfaults)
        return 0;
    for (; *argv; argv++) {
        const unsigned char *p = (const unsigned char *)*argv;
        do
            hash = (hash ^ *p) * 1099511628211u;
        while (*p++);
    }
    for (uint32_t i = 0; i < c->nfaults; i++)
        if (c->faults[i].hash == hash)
            fail |= __atomic_fetch_add(&c->faults[i].seen, 1, __ATOMIC_SEQ_CST)
                == c->faults[i].occurrence;
    return fail;
}

static int ignores(int signal)
{
    word act[4]; /* the kernel's struct: the handler is its first word, SIG_IGN is 1 */
    return !SYS4(rt_sigaction, signal, 0, act, 8) && act[0] == 1;
}

/* Bash gives the children of a compound background command their signals back, so the ancestors
 * count too, and so does /dev/null as input, unless a script says `</dev/null` itself.  And an
 * orphan's parent did not wait for it. */
static int in_background(const struct control *c)
{
    char path[64], status[2048];
    struct stat st;
    word pid = SYS0(getppid);
    if (ignores(INT) && ignores(QUIT))
        return 1;
    if (!c->null_input && !SYS2(fstat, 0, &st) && TYPE(st) == CHARACTER && st.st_rdev == 0x103)
        return 1;
    if (SYS0(getpid) == c->shell)
        return 0;
    while (pid > 1 && pid != c->shell) {
        word fd, n;
        *put_text(put_number(put_text(path, "/proc/"), (unsigned long)pid, 10), "/status") = 0;
        fd = SYS4(openat, AT_FDCWD, path, O_RDONLY, 0);
        n = SYS3(read, fd, status, sizeof status - 1);
        SYS1(close, fd);
        if (n < 0)
            return 1; /* it ended just now */
        status[n] = 0;
        if ((number_after(status, "SigIgn:\t", 16) & 6) == 6) /* INT and QUIT */
            return 1;
        pid = (word)number_after(status, "PPid:\t", 10);
    }
    return pid <= 1;
}

/* Attributes a program inherits besides the environment: umask, ignored signals, limits.
 * QUIT is left out: busybox leaves it ignored after its first background job. */
static void attributes(const struct control *c, int background)
{
    uint64_t now[2];
    char *at = put_text(open_field(), "umask=");
    word mask = SYS1(umask, 0);
    SYS1(umask, mask);
    for (int shift = 6; shift >= 0; shift -= 3)
        *at++ = (char)('0' + (mask >> shift & 7));
    for (int i = 1; i < 32; i++)
        if (i != QUIT && !(background && i == INT) && ignores(i))
            at = put_number(put_text(at, " ignored="), (unsigned)i, 10);
    for (int i = 0; i < LIMITS; i++)
        if (!SYS4(prlimit64, 0, i, 0, now)
            && (now[0] != c->limits[i][0] || now[1] != c->limits[i][1])) {
            at = put_number(put_text(at, " limit"), (unsigned)i, 10);
            at = put_number(put_text(at, "="), now[0], 10);
            at = put_number(put_text(at, "/"), now[1], 10);
        }
    close_field(at);
}

static const char *base_name(const char *path)
{
    const char *name = path;
    for (; *path; path++)
        if (*path == '/')
            name = path + 1;
    return name;
}

static void say(const struct control *c, const char *path, int background)
{
    struct stat st;
    const char *name = base_name(path), *p = c->outputs, *end = p + c->outputs_len;
    char line[300];
    if (SYS2(fstat, 1, &st)
        || (background && st.st_dev == c->out_dev && st.st_ino == c->out_ino))
        return;
    for (; p < end; p += length(p) + 1, p += length(p) + 1)
        if (same(p, name)) {
            p += length(p) + 1;
            SYS3(write, 1, p, length(p));
            return;
        }
    if (length(name) < 256) {
        char *at = put_text(put_text(put_text(line, "out-"), name), "\n");
        SYS3(write, 1, line, at - line);
    }
}

__attribute__((used)) _Noreturn void begin(char **stack)
{
    int argc = (int)(word)stack[0], background, fail;
    char **argv = stack + 1, **envp = argv + argc + 1;
    word ignore[4] = {1}, n;
    struct control *c = (struct control *)call(__NR_mmap, 0, sizeof *c, 3, 1, FD_CONTROL, 0);
    if ((unsigned long)c > -4096ul || c->magic != MAGIC || argc < 1)
        quit(125);
    background = in_background(c);
    text(background ? "background" : "foreground");
    decimal((unsigned long)SYS0(getpid));
    n = SYS2(getcwd, open_field(), 4096);
    close_field(record + used + 4 + (n > 0 ? n - 1 : 0));
    attributes(c, background);
    SYS4(rt_sigaction, PIPE, ignore, 0, 8);
    input(c, argv);
    fail = must_fail(c, argv);
    decimal((unsigned long)argc);
    for (char **p = argv; *p; p++)
        text(*p);
    for (char **p = envp; *p; p++)
        text(*p);
    flush();
    if (!fail)
        say(c, argv[0], background);
    if (background) {
        stay(c, &c->held);
        text("end");
        decimal((unsigned long)SYS0(getpid));
        flush();
    } else if (same(base_name(argv[0]), "sleep")) {
        stay(c, &c->slept);
    }
    quit(fail);
}
