#include <stdio.h>
#include <string.h>
#include <zlib.h>

int main(void) {
    const char *text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    unsigned char out[200];
    uLongf length = sizeof out;
    compress(out, &length, (const unsigned char *)text, strlen(text));
    printf("%lu\n", length);
    return 0;
}
