package main

// #cgo LDFLAGS: -lyaml
// #include <yaml.h>
import "C"
import "fmt"

func main() {
	fmt.Println("yaml", C.GoString(C.yaml_get_version_string()))
}
