package main

// #include <gnu/libc-version.h>
// #include <math.h>
// #cgo LDFLAGS: -lm
import "C"
import "fmt"

func main() {
	fmt.Println("libc", C.GoString(C.gnu_get_libc_version()), float64(C.cos(1)))
}
