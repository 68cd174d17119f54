// A program that needs a file beside its sources, a time zone and certificates.
package main

import (
	"crypto/x509"
	"flag"
	"fmt"
	"html/template"
	"os"
	"time"
)

func main() {
	zone := flag.String("zone", "UTC", "")
	healthy := flag.Bool("healthy", false, "")
	flag.Parse()
	if *healthy {
		fmt.Println("healthy")
		return
	}
	place, err := time.LoadLocation(*zone)
	check(err)
	roots, err := x509.SystemCertPool()
	check(err)
	directory, err := os.Getwd()
	check(err)
	fmt.Println(directory, os.Getuid(), len(roots.Subjects()) > 100)
	page, err := template.ParseFiles("pages/" + flag.Arg(0) + ".html")
	check(err)
	check(page.Execute(os.Stdout, map[string]string{
		"Greeting": os.Getenv("GREETING"),
		"Time":     time.Unix(1700000000, 0).In(place).Format(time.RFC3339),
	}))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
