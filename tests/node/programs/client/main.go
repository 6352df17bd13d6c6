// A small Kubernetes client that lists something every second, and says in its log how that went.
//
// With -read=once it does what broken programs do: it reads its token when it starts and never again. With -read=always it
// reads it for each request, as the file is renewed by the kubelet. With -read=certificate it has no token at all.
// Only Go's standard library: what is tested is the token, not a client library.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type settings struct {
	name, read, folder, path, errors string
	every                            time.Duration
}

func say(format string, values ...any) {
	fmt.Printf("%s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), fmt.Sprintf(format, values...))
}

func fail(format string, values ...any) {
	say(format, values...)
	os.Exit(1)
}

func client(s settings) *http.Client {
	authority, err := os.ReadFile(filepath.Join(s.folder, "ca.crt"))
	if err != nil {
		fail("No certificate of the API server: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	config := &tls.Config{RootCAs: roots}
	if s.read == "certificate" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(s.folder, "tls.crt"), filepath.Join(s.folder, "tls.key"))
		if err != nil {
			fail("No certificate of the client: %v", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: config}}
}

func token(s settings) string {
	if s.read == "certificate" {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(s.folder, "token"))
	if err != nil {
		fail("No token: %v", err)
	}
	return strings.TrimSpace(string(text))
}

func list(caller *http.Client, s settings, bearer string) {
	host := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	request, err := http.NewRequest("GET", "https://"+host+s.path, nil)
	if err != nil {
		fail("Bad -path: %v", err)
	}
	request.Header.Set("User-Agent", s.name+"/v1.0.0 (linux/amd64)")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := caller.Do(request)
	if err != nil {
		say("Error listing resources error=%q", err.Error())
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode == http.StatusOK {
		say("Listed resources")
		return
	}
	if s.errors == "python" {
		// As kubernetes.client prints an ApiException, whose headers name the request.
		fmt.Printf("kubernetes.client.exceptions.ApiException: (%d)\nReason: %s\n", answer.StatusCode,
			http.StatusText(answer.StatusCode))
		fmt.Printf("HTTP response headers: HTTPHeaderDict({'Audit-Id': '%s', 'Content-Length': '%d'})\n",
			answer.Header.Get("Audit-Id"), len(body))
		fmt.Printf("HTTP response body: %s\n", strings.TrimSpace(string(body)))
		return
	}
	say("Error listing resources error=%s", http.StatusText(answer.StatusCode))
}

func main() {
	var s settings
	flag.StringVar(&s.name, "name", "client", "first word of the user agent")
	flag.StringVar(&s.read, "read", "once", "when the token is read: once, always, or never (certificate)")
	flag.StringVar(&s.folder, "credentials", "/var/run/secrets/kubernetes.io/serviceaccount", "folder of ca.crt and token")
	flag.StringVar(&s.path, "path", "/api/v1/configmaps", "what is listed")
	flag.StringVar(&s.errors, "errors", "go", "how a refusal is printed: as a program in go, or in python")
	flag.DurationVar(&s.every, "every", time.Second, "how often")
	flag.Parse()

	// As process 1 it has no default action for signals.
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	caller := client(s)
	bearer := token(s)
	say("Started read=%s", s.read)
	for {
		if s.read == "always" {
			bearer = token(s)
		}
		list(caller, s, bearer)
		select {
		case <-ends:
			return
		case <-time.After(s.every):
		}
	}
}
