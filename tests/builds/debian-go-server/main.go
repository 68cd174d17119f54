package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println("serves", len(os.Args))
}
