package rocketmq_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
)

// environment is that of the programs that are started, without what go and make would tell them of these sources.
func environment(more ...string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(line string) bool {
		return strings.HasPrefix(line, "CGO_") || strings.HasPrefix(line, "GO")
	})
	return append(kept, more...)
}

func execute(t *testing.T, folder string, environment []string, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Dir, command.Env = folder, environment
	var says, complains bytes.Buffer
	command.Stdout, command.Stderr = &says, &complains
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(arguments, " "), err, &says, &complains)
	}
	return says.String()
}

// installed is the folder of a program that has the module from a proxy and nothing of the sources.
func installed(t *testing.T, folders, program string) string {
	t.Helper()
	folder := t.TempDir()
	proxy := filepath.Join(folders, "proxy")
	env := environment("GOPROXY=file://"+proxy, "GOSUMDB=off", "GOFLAGS=-modcacherw", "GOMODCACHE="+filepath.Join(folders, "modules"),
		"GOWORK=off", "GOTOOLCHAIN=local")
	if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	execute(t, folder, env, "go", "mod", "init", "example.com/empty")
	execute(t, folder, env, "go", "get", "github.com/rocketmq-producer/rocketmq-producer/bindings/go")
	execute(t, folder, env, "go", "build", "-o", "program", ".")
	return filepath.Join(folder, "program")
}

func proxy(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	execute(t, ".", os.Environ(), "go", "run", "./internal/dist", "v0.1.0", filepath.Join(folder, "proxy"), "../../LICENSE",
		"../../THIRD-PARTY.txt")
	return folder
}

func source(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// read is a message as ReadBack.java prints it.
type read struct {
	MsgID, Tags, Keys, Body string
	Properties              map[string]string
	End                     bool
	Error                   string
}

func TestTheInstalledPackageSendsAThousandMessagesFromAnEmptyFolderToTheMockAndToABroker(t *testing.T) {
	if testing.Short() {
		t.Skip("what is built here has no race detector: part of the run without it")
	}
	apache := startApache(t)
	c := cluster(t, 1)
	folder := proxy(t)
	program := installed(t, folder, source(t, "testdata/thousand/main.go"))
	if linked := execute(t, ".", environment(), "ldd", program); strings.Contains(linked, "rocketmq") ||
		strings.Contains(linked, "libgcc") {
		t.Errorf("it needs more than the C library: %s", linked)
	}

	ids := strings.Fields(execute(t, filepath.Dir(program), environment(), program, c.NameServer(), "thousand"))
	var stored []read
	for _, message := range c.Messages("thousand") {
		one := read{MsgID: message.ID, Tags: message.Tags, Keys: message.Keys, Body: string(message.Body),
			Properties: map[string]string{}}
		for _, name := range append([]string{"script"}, message.Tags) {
			one.Properties[name], _ = message.Property(name)
		}
		stored = append(stored, one)
	}
	compare(t, "mock", ids, stored)

	namesrv := <-apache.nameServer
	if namesrv == "" {
		t.Fatal(apache.why)
	}
	topic := "go-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	ids = strings.Fields(execute(t, filepath.Dir(program), environment(), program, namesrv, topic))
	said := execute(t, "../..", environment(), "java", "-cp", "target/apache/reader/*", "tests/apache/ReadBack.java", "read", namesrv,
		topic, "1000", "20000")
	stored = nil
	for lines := bufio.NewScanner(strings.NewReader(said)); lines.Scan(); {
		var one read
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil || one.Error != "" {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if !one.End {
			stored = append(stored, one)
		}
	}
	compare(t, "apache", ids, stored)

	recallOn(t, namesrv, topic)

	// The README's program, as it stands there.
	_, text, _ := strings.Cut(source(t, "README.md"), "```go\n")
	text, _, _ = strings.Cut(text, "```")
	text = strings.ReplaceAll(text, "127.0.0.1:9876", c.NameServer())
	readme := installed(t, folder, text)
	told := strings.TrimSpace(execute(t, filepath.Dir(readme), environment(), readme))
	if messages := c.Messages("my_topic"); len(messages) != 1 || told != "stored as "+messages[0].ID ||
		string(messages[0].Body) != "Hello" {
		t.Errorf("%q, %+v", told, messages)
	}
}

// recallOn has a broker that knows timers keep messages and take them back.
func recallOn(t *testing.T, nameServer, topic string) {
	t.Helper()
	p, err := rocketmq.NewProducer(rocketmq.Config{
		"namesrv.addr": nameServer, "producer.group": "timers", "send.timeout.ms": 20 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close(background) }()
	for _, timed := range []*rocketmq.Message{
		{Topic: topic, Body: []byte("x"), Delay: time.Hour},
		{Topic: topic, Body: []byte("x"), DeliverAt: time.Now().Add(time.Hour)},
	} {
		result, err := p.Send(background, timed)
		if err != nil {
			t.Fatal(err)
		}
		if id, err := p.Recall(background, topic, result.RecallHandle); err != nil || id != result.MessageID {
			t.Errorf("%q, %v for %+v", id, err, result)
		}
	}
}

// compare holds what was read against what testdata/thousand sends.
func compare(t *testing.T, where string, ids []string, stored []read) {
	t.Helper()
	byID := map[string]read{}
	for _, message := range stored {
		byID[message.MsgID] = message
	}
	if len(ids) != 1000 || len(stored) != 1000 || len(byID) != 1000 {
		t.Fatalf("%s: %d ids, %d messages, %d different", where, len(ids), len(stored), len(byID))
	}
	scripts := []string{"größe", "размер", "大小", "サイズ", "حجم", "\U0001F4CF"}
	for number, id := range ids {
		script, text := scripts[number%len(scripts)], strconv.Itoa(number)
		message := byID[id]
		if message.Body != script+" "+text || message.Tags != script || message.Keys != "n"+text+" "+script ||
			message.Properties["script"] != script || message.Properties[script] != "="+script+"|"+text {
			t.Fatalf("%s: message %d: %+v", where, number, message)
		}
	}
}

type apache struct {
	nameServer chan string
	why        string
}

// startApache starts a real broker, which takes seconds, while the test goes on.
func startApache(t *testing.T) *apache {
	t.Helper()
	command := exec.Command("../../scripts/apache-cluster.sh", "5.5.0", "1")
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	started := &apache{nameServer: make(chan string, 1)}
	go func() {
		line, _ := bufio.NewReader(output).ReadString('\n')
		started.why = "the cluster says: " + line
		name, found := strings.CutPrefix(strings.TrimSpace(line), "name server ")
		if !found {
			name = ""
		}
		started.nameServer <- name
	}()
	t.Cleanup(func() {
		_ = input.Close() // ends the servers
		_, _ = io.Copy(io.Discard, output)
		_ = command.Wait()
	})
	return started
}
