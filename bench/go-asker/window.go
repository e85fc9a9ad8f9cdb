package main

import (
	"math"
	"time"
)

// How long nothing has to come until what is under way is held for lost. Where it was only late, that costs nothing:
// it is counted when it comes, and till then as many more questions are under way.
const silence = 20 * time.Millisecond

// More questions than the responder's socket takes are lost; fewer than it can take at once leave it idle.
var windowSizes = [...]int{64, 256, 1024}

type window struct {
	AnswersPerSecond int `json:"answers_per_s"`
	Size             int `json:"window"`
	Lost             int `json:"window_lost"`
}

// The size of window that gives the most answers.
func bestWindow(wire *wire, over time.Duration) window {
	var best window
	for _, size := range windowSizes {
		if found := throughWindow(wire, size, over); found.AnswersPerSecond > best.AnswersPerSecond {
			best = found
		}
	}
	return best
}

func throughWindow(wire *wire, size int, over time.Duration) window {
	began := time.Now()
	heard, now := began, began
	asked, answered, lost := 0, 0, 0
	for now.Sub(began) < over {
		if room := size - (asked - answered - lost); room > 0 {
			asked += wire.ask(room)
		}
		count := wire.take()
		now = time.Now()
		answered += count
		if count > 0 {
			heard = now
			lost = min(lost, asked-answered)
		} else if now.Sub(heard) > silence {
			heard = now
			lost = asked - answered
		}
	}
	perSecond := float64(answered) / now.Sub(began).Seconds()
	answered += lateAnswers(wire, asked-answered)
	return window{int(math.Round(perSecond)), size, asked - answered}
}

// Waits for so many answers or for silence, so that none of them is taken for an answer to what is asked later.
func lateAnswers(wire *wire, count int) int {
	late := 0
	for heard := time.Now(); late < count && time.Since(heard) < lostAfter; {
		if more := wire.take(); more > 0 {
			late += more
			heard = time.Now()
		}
	}
	return late
}
