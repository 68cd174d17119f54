/* Shared by the parts of the driver: jobs (driver.c), time (wait.c), the root (root.c). */
#ifndef DRIVER_H
#define DRIVER_H
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "wire.h"

#define SETTLE_MS 300          /* how long background work may go on after its RUN */
#define LOOK_MS 2              /* how often a RUN is looked at ... */
#define CALM_LOOKS 4           /* ... and how often in a row it must be asleep to count as waiting */
#define MAX_TEXT (64u << 10)   /* of a RUN's output that is reported */
#define MAX_LOG (32u << 20)    /* of a RUN's records that is reported */
#define MAX_FILE (48u << 20)   /* a script that writes for ever ends here */
#define MAX_CONTENT 4096       /* of a file's content that is reported */

#define EXIT_MARK "\10\0\0\0\4\0\0\0exit" /* a record with one field (little-endian) */

struct buffer { char *data; size_t used, room; };
struct cursor { char *at, *end; };

void die(const char *what) __attribute__((noreturn));
void append(struct buffer *b, const void *data, size_t n);
void put(struct buffer *b, const void *data, size_t n);    /* length and bytes */
char *get(struct cursor *c, size_t *n);                    /* one such field, NUL-terminated */
long number(struct cursor *c);

void isolate(int argc, char **argv);                       /* dies unless all of it worked */
void lay_root(char *data, size_t size);                    /* "d PATH" / "s" / "l" fields */
int write_file(const char *root, const char *path, const void *data, size_t n, mode_t mode);
void empty_root(const char *path, const char *within);
void remove_files(const char *path, struct buffer *report);

long now_ms(void);
int await(struct control *control, int pidfd, long deadline);
void open_gate(struct gate *gate, uint32_t upto);
#endif
