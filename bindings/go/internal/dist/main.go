// The dist program writes the module as a file-system proxy (`go help goproxy`), from which `go get` installs it.
//
//	go run ./internal/dist VERSION FOLDER [LICENSE...]
package main

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What users need: no tests, and nothing of how the module is made.
var parts = []string{"*.go", "*.c", "*.h", "go.mod", "README.md", "lib/linux_amd64/librocketmq_producer.a"}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "wanted: VERSION FOLDER [LICENSE...]")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func write(version, folder string, licenses []string) error {
	module, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(module), "\n")
	path := strings.TrimPrefix(first, "module ")
	// A path with capitals would have to be escaped.
	if path == first || path != strings.ToLower(path) || !strings.HasPrefix(version, "v") {
		return fmt.Errorf("no module and version: %q %q", first, version)
	}
	place := filepath.Join(folder, path, "@v")
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":%q}`+"\n", version, time.Now().UTC().Format(time.RFC3339))
	for name, text := range map[string]string{
		"list": version + "\n", version + ".info": info, version + ".mod": string(module),
	} {
		if err := os.WriteFile(filepath.Join(place, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return pack(filepath.Join(place, version+".zip"), path+"@"+version+"/", licenses)
}

func pack(name, prefix string, licenses []string) (err error) {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	var files []string
	for _, part := range parts {
		found, _ := filepath.Glob(part)
		found = slices.DeleteFunc(found, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
		if len(found) == 0 {
			return fmt.Errorf("there is no %s: run `make lib`", part)
		}
		files = append(files, found...)
	}
	for _, name := range append(files, licenses...) {
		inside := name
		if !slices.Contains(files, name) {
			inside = filepath.Base(name)
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		entry, err := archive.Create(prefix + inside)
		if err != nil {
			return err
		}
		if _, err := entry.Write(content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return file.Close()
}
