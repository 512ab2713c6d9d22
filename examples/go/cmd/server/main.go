// Command server says which platform it was compiled for, on the terminal and over HTTP.
package main

import (
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/user"
	"runtime"
)

var version = "unknown"

func main() {
	address := flag.String("listen", ":8080", "address to listen on")
	check := flag.Bool("check", false, "say what the image gives, and end")
	flag.Parse()
	if *check {
		report()
		return
	}
	http.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir("/srv/web"))))
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(answer, "Hello from %s/%s, version %s\n", runtime.GOOS, runtime.GOARCH, version)
	})
	log.Fatal(http.ListenAndServe(*address, nil))
}

func report() {
	fmt.Printf("%s/%s %s\n", runtime.GOOS, runtime.GOARCH, version)
	fmt.Printf("uid %d gid %d\n", os.Getuid(), os.Getgid())
	if found, err := user.LookupId("65532"); err == nil {
		fmt.Printf("user %s\n", found.Username)
	}
	if _, err := x509.SystemCertPool(); err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stat("/etc/ssl/certs/ca-certificates.crt"); err == nil {
		fmt.Println("certificates there")
	}
	if _, err := os.Stat("/srv/web/index.html"); err == nil {
		fmt.Println("assets there")
	}
}
