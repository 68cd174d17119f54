/* How long a RUN is waited for, and when its background stubs may go. */
#include "driver.h"

long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void open_gate(struct gate *gate, uint32_t upto)
{
    __atomic_store_n(&gate->open, upto, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &gate->open, 1 /* wake */, INT32_MAX, NULL, NULL, 0);
}

/* How many have come to a gate that is still shut for them; 0: nobody waits. */
static uint32_t waiting(struct gate *gate)
{
    uint32_t taken = __atomic_load_n(&gate->taken, __ATOMIC_SEQ_CST);
    return taken > gate->open ? taken : 0;
}

/* Does every process sleep?  One that only waits for its turn on a busy machine counts as running,
 * so this is no matter of speed. */
static int all_asleep(void)
{
    DIR *dir = opendir("/r/proc");
    struct dirent *e;
    int asleep = dir != NULL;
    while (asleep && (e = readdir(dir))) {
        char path[300], stat[512], *state;
        ssize_t n;
        int fd;
        if (e->d_name[0] < '1' || e->d_name[0] > '9' || !strcmp(e->d_name, "1"))
            continue;
        snprintf(path, sizeof path, "/r/proc/%s/stat", e->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? 0 : read(fd, stat, sizeof stat - 1);
        if (fd >= 0)
            close(fd);
        stat[n > 0 ? n : 0] = 0;
        state = strrchr(stat, ')');
        asleep = state && (state[2] == 'S' || state[2] == 'Z');
    }
    if (dir)
        closedir(dir);
    return asleep;
}

/* Wait for the shell.  When nothing moves, those go on who wait for just that; if there are
 * none, the shell itself waits for the background stubs that are held, and these are let go. */
int await(struct control *control, int pidfd, long deadline)
{
    struct pollfd ready = {pidfd, POLLIN, 0};
    int calm = 0;
    while (poll(&ready, 1, LOOK_MS) == 0) {
        uint32_t slept = waiting(&control->slept), held = waiting(&control->held);
        if (now_ms() > deadline)
            return 0;
        calm = (slept || held) && all_asleep() ? calm + 1 : 0;
        if (calm >= CALM_LOOKS) {
            open_gate(slept ? &control->slept : &control->held, slept ? slept : held);
            calm = 0;
        }
    }
    return 1;
}
