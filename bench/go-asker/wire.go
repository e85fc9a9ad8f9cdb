package main

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	// So many frames are sent or taken by one system call at most.
	batch = 64
	// Longer than any answer; what is longer is cut off.
	frameBytes = 128
	// For some thousand answers that have not been taken yet.
	receiveBytes = 16 << 20
)

// Go's package syscall does not have it everywhere.
var sendmmsg = map[string]uintptr{"amd64": 307, "arm64": 269}[runtime.GOARCH]

// struct mmsghdr of the kernel.
type mmsghdr struct {
	header syscall.Msghdr
	length uint32
	_      [4]byte
}

// A wire is a socket that sends the question and takes the answers, never waiting and without garbage.
type wire struct {
	fd       uintptr
	question *question
	sent     [batch]mmsghdr
	taken    [batch]mmsghdr
	frames   [batch][frameBytes]byte
	parts    [batch]syscall.Iovec
	asks     syscall.Iovec
}

func openWire(question *question) (*wire, error) {
	if sendmmsg == 0 {
		return nil, fmt.Errorf("the number of sendmmsg is not known for %s", runtime.GOARCH)
	}
	// Protocol 0 hears nothing before it is bound.
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	// The first one needs more rights, and the second one gives no more than the machine's limit.
	if syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, receiveBytes) != nil {
		if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBytes); err != nil {
			return nil, fmt.Errorf("SO_RCVBUF: %w", err)
		}
	}
	swapped := question.etherType<<8 | question.etherType>>8
	if err := syscall.Bind(fd, &syscall.SockaddrLinklayer{Protocol: swapped, Ifindex: question.interfaceIndex}); err != nil {
		return nil, fmt.Errorf("bind to eth0: %w", err)
	}
	w := &wire{fd: uintptr(fd), question: question}
	w.asks = syscall.Iovec{Base: &question.frame[0]}
	w.asks.SetLen(len(question.frame))
	for i := range w.parts {
		w.parts[i].Base = &w.frames[i][0]
		w.parts[i].SetLen(frameBytes)
		w.taken[i].header.Iov, w.taken[i].header.Iovlen = &w.parts[i], 1
		w.sent[i].header.Iov, w.sent[i].header.Iovlen = &w.asks, 1
	}
	return w, nil
}

// Asks so many times, one batch at most; gives how many questions the kernel took.
func (w *wire) ask(count int) int {
	sent, errno := w.call(sendmmsg, unsafe.Pointer(&w.sent), min(count, batch))
	switch errno {
	case 0:
		return sent
	case syscall.EAGAIN, syscall.ENOBUFS, syscall.EINTR:
		return 0
	}
	fail("sendmmsg: " + errno.Error())
	return 0
}

// Takes what has come and gives how many answers were among it.
func (w *wire) take() int {
	answers := 0
	for {
		count, errno := w.call(syscall.SYS_RECVMMSG, unsafe.Pointer(&w.taken), batch)
		if errno == syscall.EAGAIN || errno == syscall.EINTR {
			return answers
		}
		if errno != 0 {
			fail("recvmmsg: " + errno.Error())
		}
		for i := range count {
			length := min(int(w.taken[i].length), frameBytes)
			if w.question.answers(w.frames[i][:length]) {
				answers++
			}
		}
		if count < batch {
			return answers
		}
	}
}

// Raw: Go's scheduler learns nothing of a call that never waits.
func (w *wire) call(number uintptr, messages unsafe.Pointer, count int) (int, syscall.Errno) {
	done, _, errno := syscall.RawSyscall6(number, w.fd, uintptr(messages), uintptr(count), syscall.MSG_DONTWAIT, 0, 0)
	return int(done), errno
}
