package rocketmq_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
	"github.com/rocketmq-producer/rocketmq-producer/bindings/go/internal/mock"
)

// usage is what the process holds.
func usage(t *testing.T) (threads, descriptors, goroutines, kib int) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return len(tasks), len(files), runtime.NumGoroutine(), kib
}

func mockProgram(t *testing.T) (nameServer string) {
	program := exec.Command(filepath.Join(os.Getenv("ROCKETMQ_BUILT"), "rocketmq-mock"), "--discard")
	input, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatalf("%v: ROCKETMQ_BUILT is to be the folder of what `make build` made", err)
	}
	t.Cleanup(func() {
		_ = input.Close() // ends it
		_ = program.Wait()
	})
	line, _ := bufio.NewReader(output).ReadString('\n')
	return strings.TrimSpace(strings.TrimPrefix(line, "name server "))
}

func TestAThousandProducersLeaveThreadsDescriptorsGoroutinesAndMemoryFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector has memory of its own: part of the run without it")
	}
	// In a process of its own, whose memory is not what is measured.
	nameServer := mockProgram(t)
	round := func() {
		p, err := rocketmq.NewProducer(rocketmq.Config{"namesrv.addr": nameServer, "producer.group": "rounds"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Send(background, message("round", "x")); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(background); err != nil {
			t.Fatal(err)
		}
	}
	for range 600 {
		round()
	}
	runtime.GC()
	threads, descriptors, goroutines, kib := usage(t)
	for range 1000 {
		round()
	}
	runtime.GC()
	threads2, descriptors2, goroutines2, kib2 := usage(t)
	t.Logf("threads %d, %d; descriptors %d, %d; goroutines %d, %d; KiB %d, %d",
		threads, threads2, descriptors, descriptors2, goroutines, goroutines2, kib, kib2)
	if threads2 > threads+3 || descriptors2 > descriptors+1 || goroutines2 > goroutines+1 || kib2 > kib+2048 {
		t.Error("they grow")
	}
}

func TestAProducerThatIsForgottenIsClosedAfterItsSendsHaveEnded(t *testing.T) {
	c := cluster(t, 1)
	_, descriptors, _, _ := usage(t)
	ends := make(chan error, 20)
	for range 20 {
		p, err := rocketmq.NewProducer(rocketmq.Config{"namesrv.addr": c.NameServer(), "producer.group": "forgotten"})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SendAsync(background, message("forgotten", "x"), func(_ *rocketmq.Result, err error) { ends <- err }); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		runtime.GC()
		_, now, _, _ := usage(t)
		if now <= descriptors+4 { // the process's own of the library stay
			return
		}
		if time.Now().After(end) {
			t.Fatalf("descriptors: %d before, %d now", descriptors, now)
		}
	}
}

// Run again as a program by the test below: it sends until it is interrupted.
func TestMain(m *testing.M) {
	nameServer := os.Getenv("ROCKETMQ_TEST_UNTIL_INTERRUPTED")
	if nameServer == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(background, os.Interrupt)
	defer stop()
	p, err := rocketmq.NewProducer(rocketmq.Config{"namesrv.addr": nameServer, "producer.group": "interrupted"})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var accepted, ended atomic.Int64
	for ctx.Err() == nil {
		if p.SendAsync(background, message("interrupted", "x"), func(*rocketmq.Result, error) { ended.Add(1) }) == nil {
			accepted.Add(1)
		}
	}
	err = p.Close(background)
	fmt.Println(err, accepted.Load() == ended.Load(), accepted.Load() > 0)
}

func TestAnInterruptInTheMiddleIsTheProgramsToHandleAndNothingIsLost(t *testing.T) {
	c := cluster(t, 1)
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), "ROCKETMQ_TEST_UNTIL_INTERRUPTED="+c.NameServer())
	said := &lines{}
	program.Stdout, program.Stderr = said, said
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(20*time.Second, func() { _ = program.Process.Kill() }).Stop()
	if c.Wait("interrupted", 1000, 15_000) {
		_ = program.Process.Signal(os.Interrupt)
	}
	if err := program.Wait(); err != nil || said.String() != "<nil> true true\n" {
		t.Errorf("%s, %v", said, err)
	}
}

func TestASecondCopyOfTheLibraryBesideThisOneSendsToo(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	copied := filepath.Join(t.TempDir(), "libanother_copy.so")
	library, err := os.ReadFile(filepath.Join(os.Getenv("ROCKETMQ_BUILT"), "librocketmq_producer.so"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, library, 0o755); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := p.Send(background, message("both", "this")); err != nil {
			t.Fatal(err)
		}
		if status := mock.SendWithAnotherCopy(copied, c.NameServer(), "both"); status != 0 {
			t.Fatalf("the other copy says %d", status)
		}
	}
	if c.Count("both") != 20 {
		t.Errorf("%d were stored", c.Count("both"))
	}
}
