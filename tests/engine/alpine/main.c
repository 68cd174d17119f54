#include <libpq-fe.h>
#include <stdio.h>

int helper(void);

int main(void)
{
    printf("%d %d\n", 2 * helper(), PQlibVersion());
    return 0;
}
