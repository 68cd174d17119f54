/* The throw-away root: how it is entered, laid, looked at and emptied. */
#include "driver.h"

void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(70);
}

void append(struct buffer *b, const void *data, size_t n)
{
    if (b->used + n > b->room) {
        b->room = (b->used + n) * 2 + 4096;
        b->data = realloc(b->data, b->room);
        if (!b->data)
            die("realloc");
    }
    if (n)
        memcpy(b->data + b->used, data, n);
    b->used += n;
}

void put(struct buffer *b, const void *data, size_t n)
{
    uint32_t size = (uint32_t)n;
    append(b, &size, sizeof size);
    append(b, data, n);
}

/* Fields carry a NUL after their bytes, so they can be used where they lie. */
char *get(struct cursor *c, size_t *n)
{
    uint32_t size;
    char *data = c->at + sizeof size;
    if (data > c->end)
        die("a short job");
    memcpy(&size, c->at, sizeof size);
    if (size >= (size_t)(c->end - data))
        die("a short job");
    c->at = data + size + 1;
    if (n)
        *n = size;
    return data;
}

long number(struct cursor *c) { return strtol(get(c, NULL), NULL, 10); }

static void make_parents(const char *path)
{
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *p = copy + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            mkdir(copy, 0755);
            *p = '/';
        }
}

int write_file(const char *root, const char *path, const void *data, size_t n, mode_t mode)
{
    char full[4096];
    int fd, good;
    snprintf(full, sizeof full, "%s%s", root, path);
    make_parents(full);
    fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return 0;
    good = write(fd, data, n) == (ssize_t)n && !fchmod(fd, mode);
    close(fd);
    return good;
}

/* What is laid may be a guess, and guesses clash: a path can be no directory, or under /dev. */
void lay_root(char *data, size_t size)
{
    struct cursor in = {data, data + size};
    while (in.at < in.end) {
        char full[4096], *kind = get(&in, NULL), *path = get(&in, NULL), *target = get(&in, NULL);
        snprintf(full, sizeof full, "/r%s", path);
        make_parents(full);
        if (*kind == 'd' ? mkdir(full, 0755) : symlink(target, full))
            if (errno == ENOSPC || errno == ENOMEM)
                die(full);
    }
}

static int fixed(const char *name)
{
    return !strcmp(name, ".slim") || !strcmp(name, "dev") || !strcmp(name, "proc");
}

void empty_root(const char *path, const char *within)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        char full[4096];
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || (!within && fixed(e->d_name)))
            continue;
        snprintf(full, sizeof full, "%s/%s", path, e->d_name);
        if (e->d_type == DT_DIR)
            empty_root(full, path);
        if (e->d_type == DT_DIR ? rmdir(full) : unlink(full))
            die(full);
    }
    if (dir)
        closedir(dir);
}

/* Shells can make regular files only (mkdir, ln, mv are stubs): these are reported and removed. */
void remove_files(const char *path, struct buffer *report)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        char full[4096], content[MAX_CONTENT], mode[64];
        struct stat st;
        ssize_t n;
        int fd;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        if (!strcmp(path, "/r") && fixed(e->d_name))
            continue;
        snprintf(full, sizeof full, "%s/%s", path, e->d_name);
        if (e->d_type == DT_DIR)
            remove_files(full, report);
        if (e->d_type != DT_REG)
            continue;
        fd = open(full, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) || (n = read(fd, content, sizeof content)) < 0)
            die(full);
        close(fd);
        put(report, full + 2, strlen(full + 2));
        snprintf(mode, sizeof mode, "%03o %lld", (unsigned)st.st_mode & 07777,
                 (long long)st.st_size);
        put(report, mode, strlen(mode));
        put(report, content, (size_t)n);
        if (unlink(full))
            die(full);
    }
    if (dir)
        closedir(dir);
}

static void write_proc(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        die(path);
    close(fd);
}

/* A user namespace in which we are root and nobody outside; root itself goes down to nobody first,
 * so that not even a file owned by root is ours. */
static void new_user(int flags)
{
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (uid == 0) {
        uid = gid = 65534;
        if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)
            || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
            die("becoming nobody");
    }
    if (unshare(CLONE_NEWUSER | flags))
        die("unshare (are user namespaces switched off?)");
    write_proc("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid);
    write_proc("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", gid);
    write_proc("/proc/self/gid_map", map);
}

static void mount_or_die(const char *source, const char *target, const char *type,
                         unsigned long flags, const char *data)
{
    if (mount(source, target, type, flags, data))
        die(target);
}

static void make_devices(void)
{
    static const char *const devices[] = {"null", "zero", "full", "random", "urandom"};
    static const char *const links[] = {"fd", "stdin", "stdout", "stderr"};
    char from[64], to[64], target[64];
    mount_or_die("tmpfs", "/tmp/r/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=755");
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        snprintf(from, sizeof from, "/dev/%s", devices[i]);
        snprintf(to, sizeof to, "/tmp/r/dev/%s", devices[i]);
        if (!write_file("", to, "", 0, 0666))
            die(to);
        mount_or_die(from, to, NULL, MS_BIND, NULL);
    }
    for (int i = 0; i < 4; i++) {
        snprintf(to, sizeof to, "/tmp/r/dev/%s", links[i]);
        snprintf(target, sizeof target, i ? "/proc/self/fd/%d" : "/proc/self/fd", i - 1);
        if (symlink(target, to))
            die(to);
    }
    mount_or_die(NULL, "/tmp/r/dev", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL);
    /* The stubs look for their ancestors there, bash for /dev/fd. */
    if (mount("proc", "/tmp/r/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid"))
        mount_or_die("proc", "/tmp/r/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static struct buffer read_host_file(const char *path)
{
    struct buffer whole = {0};
    char part[65536];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die(path);
    while ((n = read(fd, part, sizeof part)) > 0)
        append(&whole, part, (size_t)n);
    close(fd);
    return whole;
}

void isolate(int argc, char **argv)
{
    struct buffer *files = calloc((size_t)argc, sizeof *files);
    char path[4096];
    pid_t pid;
    int status;
    for (int i = 1; files && i < argc; i++) { /* while the host can still be read */
        char *split = strrchr(argv[i], '=');
        if (!split)
            die(argv[i]);
        *split = 0;
        files[i] = read_host_file(argv[i]);
        argv[i] = split + 1;
    }
    new_user(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
    pid = fork(); /* the child is process 1 of the new pid namespace */
    if (pid < 0)
        die("fork");
    if (pid) {
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 70);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    mount_or_die(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    mount_or_die("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=128m,mode=755");
    umask(0);
    if (mkdir("/tmp/r", 0755) || mkdir("/tmp/r/.slim", 0755) || mkdir("/tmp/r/dev", 0755)
        || mkdir("/tmp/r/proc", 0755) || mkdir("/tmp/old", 0755))
        die("mkdir");
    mount_or_die("tmpfs", "/tmp/r/.slim", "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,mode=755");
    for (int i = 1; i < argc; i++) {
        snprintf(path, sizeof path, "/tmp/r/.slim/%s", argv[i]);
        if (!write_file("", path, files[i].data, files[i].used, 0555))
            die(path);
        free(files[i].data);
    }
    mount_or_die(NULL, "/tmp/r/.slim", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
    make_devices();
    if (syscall(SYS_pivot_root, "/tmp", "/tmp/old") || chdir("/")
        || umount2("/old", MNT_DETACH) || rmdir("/old"))
        die("leaving the old root");
    free(files);
}
