/* Needs libgomp at run time, which nothing but the compiler brings. */
#include <omp.h>
#include <stdio.h>

int main(void)
{
    int sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 100; i++)
        sum += i;
    printf("sum %d of at least %d thread\n", sum, omp_get_max_threads() > 0);
    return 0;
}
