package main

import (
	"fmt"

	"example.org/grain"
)

func main() {
	fmt.Println(grain.Weight(1000))
}
