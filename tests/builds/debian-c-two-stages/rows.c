#include <sqlite3.h>
#include <stdio.h>

int main(void) {
    puts(sqlite3_libversion_number() > 3000000 ? "sqlite" : "?");
    return 0;
}
