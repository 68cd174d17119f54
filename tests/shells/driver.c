/* Runs sequences of shell scripts in a throw-away root and reports what happened.
 *
 *   driver HOST_FILE=NAME ... <jobs >replies
 *
 * At start it leaves the system it came from: new user (mapped to nobody when started by root),
 * mount, pid, network, IPC and UTS namespaces; a tmpfs becomes the root and the old one is
 * unmounted, so no file of the host can be reached at all.  /.slim holds the HOST_FILEs, read-only.
 * It then serves jobs as process 1: everything a script leaves behind is its child, and
 * kill(-1) reaches nothing but the script's processes.
 */
#include "driver.h"

static struct control *control;
static int control_fd, log_fd, in_fd, out_fd, err_fd;
static struct buffer layout; /* of the last job: the same one need not be laid again */

static int memory_file(const char *name)
{
    int fd = (int)syscall(SYS_memfd_create, name, 1u /* close on exec */);
    if (fd < 0 || fcntl(fd, F_SETFL, O_RDWR | O_APPEND))
        die("memfd_create");
    return fd;
}

static void take(struct buffer *reply, int fd, size_t limit)
{
    struct stat st;
    char *data;
    size_t n;
    if (fstat(fd, &st))
        die("fstat");
    n = (size_t)st.st_size < limit ? (size_t)st.st_size : limit;
    data = malloc(n + 1);
    if (!data || pread(fd, data, n, 0) != (ssize_t)n || ftruncate(fd, 0))
        die("reading a memory file");
    put(reply, data, n);
    free(data);
}

/* The shell always gets the same process number, so that $$ is the same on both sides. */
static pid_t fork_as(pid_t number)
{
    struct { uint64_t flags, pidfd, child_tid, parent_tid, signal, stack, stack_size, tls,
        set_tid, set_tid_size, cgroup; } args = {0};
    long pid;
    args.signal = SIGCHLD;
    args.set_tid = (uint64_t)(uintptr_t)&number;
    args.set_tid_size = 1;
    pid = syscall(SYS_clone3, &args, sizeof args);
    return pid >= 0 ? (pid_t)pid : fork();
}

static void child(char **argv, char **envp, const char *workdir, int live)
{
    if (chroot("/r") || chdir(workdir))
        _exit(126);
    setsid();
    control->shell = getpid();
    umask(022);
    dup2(in_fd, 0); /* empty; not /dev/null, which the shells give to background jobs */
    dup2(out_fd, 1);
    dup2(err_fd, 2);
    dup2(live, FD_LIVE);
    dup2(control_fd, FD_CONTROL);
    dup2(log_fd, FD_LOG);
    execve(argv[0], argv + 1, envp);
    _exit(126);
}

/* One RUN: returns 0 if the next one may follow. */
static int run_one(struct buffer *reply, char **argv, char **envp, const char *workdir,
                   int timeout_ms)
{
    int live[2], status = 0, timeout = 0, left = 0, pidfd;
    char word[64];
    pid_t pid;
    long deadline = now_ms() + timeout_ms;
    struct pollfd ready;
    if (pipe2(live, O_CLOEXEC))
        die("pipe2");
    memset(&control->held, 0, sizeof control->held);
    memset(&control->slept, 0, sizeof control->slept);
    pid = fork_as(100);
    if (pid < 0)
        die("fork");
    if (!pid)
        child(argv, envp, workdir, live[1]);
    close(live[1]);
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        die("pidfd_open");
    timeout = !await(control, pidfd, deadline);
    if (timeout)
        kill(-1, SIGKILL);
    close(pidfd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    /* Records after this mark were written when the shell itself had gone. */
    if (write(log_fd, EXIT_MARK, sizeof EXIT_MARK - 1) < 0)
        die("the log");
    /* Background work is let finish (held stubs are released), then whatever is left is killed. */
    open_gate(&control->slept, UINT32_MAX);
    open_gate(&control->held, UINT32_MAX);
    ready = (struct pollfd){live[0], POLLIN, 0};
    deadline = now_ms() + (timeout ? 0 : SETTLE_MS);
    while (!timeout) {
        int wait = (int)(deadline - now_ms());
        int got = poll(&ready, 1, wait > 0 ? wait : 0);
        if (got > 0 && (ready.revents & POLLHUP))
            break;
        if (got == 0) {
            left = 1;
            break;
        }
    }
    close(live[0]);
    if (left || timeout)
        kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        errno = 0;
    snprintf(word, sizeof word, "%s %s %d", timeout ? "timeout" : "exit", left ? "left" : "clean",
             WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    put(reply, word, strlen(word));
    take(reply, out_fd, MAX_TEXT);
    take(reply, err_fd, MAX_TEXT);
    take(reply, log_fd, MAX_LOG);
    return timeout || status;
}

static char **vector(struct cursor *in)
{
    size_t n = (size_t)number(in);
    char **list = calloc(n + 1, sizeof *list);
    if (!list)
        die("calloc");
    for (size_t i = 0; i < n; i++)
        list[i] = get(in, NULL);
    return list;
}

static void set_control(struct cursor *in)
{
    struct stat st;
    size_t size;
    char *data;
    if (fstat(out_fd, &st))
        die("fstat");
    control->out_dev = st.st_dev;
    control->out_ino = st.st_ino;
    control->null_input = (int32_t)number(in);
    control->hold_ms = (uint32_t)number(in);
    data = get(in, &size);
    control->outputs_len = (uint32_t)(size < MAX_OUTPUTS ? size : 0);
    memcpy(control->outputs, data, control->outputs_len);
    control->nfaults = (uint32_t)number(in);
    if (control->nfaults > MAX_FAULTS)
        die("too many faults");
    for (uint32_t i = 0; i < control->nfaults; i++) {
        control->faults[i].hash = strtoull(get(in, NULL), NULL, 10);
        control->faults[i].occurrence = (uint32_t)number(in);
        control->faults[i].seen = 0;
    }
}

static void serve(char *job, size_t size, struct buffer *reply)
{
    struct cursor in = {job, job + size};
    size_t laid_size, script = 0, scripts;
    int timeout_ms;
    char *workdir, *laid, **argv, **envp, **files;
    set_control(&in);
    timeout_ms = (int)number(&in);
    laid = get(&in, &laid_size);
    if (laid_size != layout.used || memcmp(laid, layout.data, laid_size)) {
        empty_root("/r", NULL);
        layout.used = 0;
        append(&layout, laid, laid_size);
        lay_root(laid, laid_size);
    }
    files = vector(&in);
    for (char **f = files; *f && f[1]; f += 2)
        write_file("/r", f[0], f[1], strlen(f[1]), 0644);
    workdir = get(&in, NULL);
    envp = vector(&in);
    argv = vector(&in);
    while (argv[script] && strcmp(argv[script], "{}"))
        script++;
    if (!argv[script])
        die("no place for the script");
    scripts = (size_t)number(&in);
    while (scripts-- > 0) {
        argv[script] = get(&in, NULL);
        if (run_one(reply, argv, envp, workdir, timeout_ms))
            break;
    }
    put(reply, "files", 5);
    remove_files("/r", reply);
    free(files);
    free(envp);
    free(argv);
}

static int read_all(void *into, size_t n)
{
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(0, (char *)into + have, n - have);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            die("read");
        have += got > 0 ? (size_t)got : 0;
    }
    return 1;
}

static void write_all(const void *from, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = write(1, (const char *)from + done, n - done);
        if (got < 0 && errno != EINTR)
            die("write");
        done += got > 0 ? (size_t)got : 0;
    }
}

int main(int argc, char **argv)
{
    struct buffer reply = {0};
    uint32_t size;
    char *job = NULL;
    sigset_t no_signals;
    struct rlimit none = {0, 0}, file = {MAX_FILE, MAX_FILE}, many = {512, 512};
    isolate(argc, argv);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &file);
    setrlimit(RLIMIT_NPROC, &many);
    sigemptyset(&no_signals); /* whatever we were started with: a RUN begins with a clean slate */
    sigprocmask(SIG_SETMASK, &no_signals, NULL);
    for (int i = 1; i < 32; i++)
        signal(i, SIG_DFL);
    control_fd = memory_file("control");
    log_fd = memory_file("log");
    in_fd = memory_file("in");
    out_fd = memory_file("out");
    err_fd = memory_file("err");
    if (ftruncate(control_fd, sizeof *control))
        die("ftruncate");
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, control_fd, 0);
    if (control == MAP_FAILED)
        die("mmap");
    control->magic = MAGIC;
    for (int i = 0; i < LIMITS; i++)
        syscall(SYS_prlimit64, 0, i, NULL, control->limits[i]);
    write_all("ready", 5);
    while (read_all(&size, sizeof size)) {
        job = realloc(job, (size_t)size + 1);
        if (!job || !read_all(job, size))
            break;
        reply.used = 0;
        serve(job, size, &reply);
        size = (uint32_t)reply.used;
        write_all(&size, sizeof size);
        write_all(reply.data, reply.used);
    }
    return 0;
}
