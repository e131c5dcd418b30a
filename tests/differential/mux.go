// The API behind Go's ServeMux: mux RESOURCES.json. Prints its port. Answers a resource with `resource PATH`, as resources.py
// says.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	var table struct{ Resources []string }
	text, err := os.ReadFile(os.Args[1])
	if err != nil || json.Unmarshal(text, &table) != nil {
		panic("the table of resources")
	}
	resources := map[string]bool{}
	for _, path := range table.Resources {
		resources[path] = true
	}
	serve := func(w http.ResponseWriter, path string) {
		if !resources[path] {
			http.NotFound(w, nil)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "resource %s\n", path)
	}
	mux := http.NewServeMux()
	for path := range resources {
		path := path
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if path == "/" || strings.HasSuffix(path, "/") { // a pattern that ends in a slash has all below it
				serve(w, r.URL.Path)
			} else {
				serve(w, path)
			}
		})
	}
	for _, folder := range []string{"/docs/", "/users/", "/files/"} {
		mux.HandleFunc(folder, func(w http.ResponseWriter, r *http.Request) { serve(w, r.URL.Path) })
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, mux))
}
