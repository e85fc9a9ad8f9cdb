package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// An answer that has not come for so long will not come.
	lostAfter = time.Second
	// Between the questions until somebody answers first.
	firstEvery = 5 * time.Millisecond
	// Between those that a stopped process is asked.
	pausedEvery = 10 * time.Millisecond
	// Between those that last until an end is told.
	whileEvery = time.Millisecond
)

type first struct {
	FirstMs int64 `json:"first_ms"`
}

type trips struct {
	P50  float64 `json:"p50_us"`
	P99  float64 `json:"p99_us"`
	Max  float64 `json:"max_us"`
	N    int     `json:"n"`
	Lost int     `json:"lost"`
}

type paused struct {
	OverMs        int64 `json:"paused_ms"`
	Asked         int   `json:"paused_asked"`
	Answered      int   `json:"paused_answered"`
	AnsweredForMs int64 `json:"paused_answered_for_ms"`
}

func firstAnswer(wire *wire, limit time.Duration) first {
	began := time.Now()
	for wire.take() == 0 {
		if time.Since(began) > limit {
			fail(fmt.Sprintf("no answer within %v", limit))
		}
		wire.ask(1)
		time.Sleep(firstEvery)
	}
	return first{time.Since(began).Milliseconds()}
}

func roundTrips(wire *wire, count int) trips {
	times := make([]time.Duration, 0, count)
	for range count {
		times = append(times, roundTrip(wire))
	}
	return summary(times)
}

func roundTripsUntil(wire *wire, orders <-chan string) trips {
	var times []time.Duration
	for {
		select {
		case order := <-orders:
			if order != "end" {
				fail("only end ends while, not " + order)
			}
			return summary(times)
		default:
		}
		times = append(times, roundTrip(wire))
		time.Sleep(whileEvery)
	}
}

// Negative where nobody answers. Answers to earlier questions are thrown away first.
func roundTrip(wire *wire) time.Duration {
	wire.take()
	began := time.Now()
	for wire.ask(1) == 0 {
	}
	for {
		isAnswered := wire.take() > 0
		took := time.Since(began)
		if isAnswered {
			return took
		}
		if took > lostAfter {
			return -1
		}
	}
}

// By the nearest-rank method, as the other rows have it.
func summary(times []time.Duration) trips {
	slices.Sort(times)
	lost, _ := slices.BinarySearch(times, 0)
	times = times[lost:]
	at := func(share float64) float64 {
		if len(times) == 0 {
			return 0
		}
		rank := max(1, int(math.Ceil(share*float64(len(times)))))
		return math.Round(float64(times[rank-1])/100) / 10
	}
	return trips{P50: at(0.5), P99: at(0.99), Max: at(1), N: len(times), Lost: lost}
}

func whilePaused(wire *wire, over time.Duration) paused {
	began := time.Now()
	found := paused{OverMs: over.Milliseconds()}
	for time.Since(began) < over {
		found.Asked += wire.ask(1)
		time.Sleep(pausedEvery)
		if count := wire.take(); count > 0 {
			found.Answered += count
			found.AnsweredForMs = time.Since(began).Milliseconds()
		}
	}
	return found
}
