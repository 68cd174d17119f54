/* What the driver and the stubs agree on: descriptor numbers and one shared page. */
#ifndef WIRE_H
#define WIRE_H
#include <stdint.h>

/* Far above the numbers scripts use by hand (3..9, 200 for flock), so nothing closes them. */
enum { FD_LIVE = 640, FD_CONTROL, FD_LOG };
enum { MAX_FAULTS = 8, MAX_OUTPUTS = 16384, LIMITS = 16 };
#define MAGIC 0x511f1ce5u

struct fault {
    uint64_t hash;       /* of the argument vector */
    uint32_t occurrence; /* which call with that vector fails, counted from 0 over all RUNs */
    uint32_t seen;
};

struct gate {
    uint32_t taken; /* numbers given out in this RUN: who comes takes one and stays */
    uint32_t open;  /* up to which number they may go; a futex */
};

struct control {
    uint32_t magic, hold_ms, nfaults, outputs_len;
    int32_t shell;      /* process number of the RUN's shell */
    int32_t null_input; /* a script reads /dev/null itself */
    struct gate held;  /* background stubs: until the shell has ended, or waits for them */
    struct gate slept; /* `sleep`, and who has an empty pipe: until nothing else moves */
    uint64_t out_dev, out_ino; /* the RUN's own standard output */
    struct fault faults[MAX_FAULTS];
    uint64_t limits[LIMITS][2]; /* of a fresh RUN, soft and hard */
    char outputs[MAX_OUTPUTS]; /* name NUL text NUL ... */
};
#endif
