// Prints what is appended to a file from now on, so that its container's log says what a test writes there, or what the API
// server does. A line "exit" ends it, as a crash.
//
// With -probe FILE it is a probe of the container instead: it fails while there is such a file, and says what is in it.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	file := flag.String("file", "", "what is printed")
	probe := flag.String("probe", "", "fail while there is such a file")
	flag.Parse()
	if *probe != "" {
		if text, err := os.ReadFile(*probe); err == nil {
			fmt.Print(string(text))
			os.Exit(1)
		}
		return
	}
	said, err := os.Open(*file)
	if err == nil {
		_, err = said.Seek(0, io.SeekEnd)
	}
	if err != nil {
		fmt.Println("Nothing to print:", err)
		os.Exit(2)
	}
	// As process 1 it has no default action for signals.
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	fmt.Println("Following", *file)
	lines, line := bufio.NewReader(said), ""
	for {
		part, err := lines.ReadString('\n')
		line += part
		if err == nil {
			if strings.TrimSpace(line) == "exit" {
				os.Exit(1)
			}
			fmt.Print(line)
			line = ""
			continue
		}
		select {
		case <-ends:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}
