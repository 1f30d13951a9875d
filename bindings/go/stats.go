package rocketmq

// #include "shim.h"
import "C"

import (
	"encoding/json"
	"fmt"
	"runtime"
)

// Stats is what a producer and the client below it have counted since the start. Counters never go back; Brokers,
// NameServers and Routes are shared by producers with the same "instance.name", and empty after Close. Times are in
// the units that the names of their JSON members end with.
type Stats struct {
	Schema           int         `json:"schema"`
	Library          string      `json:"library"`
	State            string      `json:"state"`
	ClientID         string      `json:"client_id"`
	Group            string      `json:"group"`
	UptimeMs         int64       `json:"uptime_ms"`
	InFlight         InFlight    `json:"in_flight"`
	Completions      Completions `json:"completions"`
	Sends            Sends       `json:"sends"`
	Refused          Refused     `json:"refused"`
	Batches          Batches     `json:"batches"`
	NameServersTotal int64       `json:"name_servers_total"`
	NameServers      []Peer      `json:"name_servers"`
	BrokersTotal     int64       `json:"brokers_total"`
	Brokers          []Peer      `json:"brokers"`
	RoutesTotal      int64       `json:"routes_total"`
	Routes           []Route     `json:"routes"`
}

// InFlight are the sends that are accepted and have not ended, and the limits.
type InFlight struct {
	Sends    int64 `json:"sends"`
	SendsMax int64 `json:"sends_max"`
	Bytes    int64 `json:"bytes"`
	BytesMax int64 `json:"bytes_max"`
}

// Completions are the ends of sends that this package has not taken from the library.
type Completions struct {
	Held          int64 `json:"held"`
	HeldMax       int64 `json:"held_max"`
	EventsDropped int64 `json:"events_dropped"`
}

// Sends are those that have ended.
type Sends struct {
	Ended     int64   `json:"ended"`
	Stored    Stored  `json:"stored"`
	Written   Written `json:"written"`
	Failed    Failed  `json:"failed"`
	Attempts  int64   `json:"attempts"`
	Retries   int64   `json:"retries"`
	Throttled int64   `json:"throttled"`
}

// Stored are the sends that a broker stored, whatever the status.
type Stored struct {
	Sends             int64 `json:"sends"`
	Messages          int64 `json:"messages"`
	Bytes             int64 `json:"bytes"`
	OK                int64 `json:"ok"`
	FlushDiskTimeout  int64 `json:"flush_disk_timeout"`
	FlushSlaveTimeout int64 `json:"flush_slave_timeout"`
	SlaveNotAvailable int64 `json:"slave_not_available"`
	LatencyUs         Times `json:"latency_us"`
}

// Written are the one-way sends that were written to a socket.
type Written struct {
	Sends int64 `json:"sends"`
	Bytes int64 `json:"bytes"`
}

// Failed are the accepted sends that ended with an error.
type Failed struct {
	Sends            int64         `json:"sends"`
	Messages         int64         `json:"messages"`
	Bytes            int64         `json:"bytes"`
	Oneway           int64         `json:"oneway"`
	NotSent          int64         `json:"not_sent"`
	Rejected         int64         `json:"rejected"`
	Unknown          int64         `json:"unknown"`
	ByStatus         []StatusCount `json:"by_status"`
	ByBrokerCode     []CodeCount   `json:"by_broker_code"`
	OtherBrokerCodes int64         `json:"other_broker_codes"`
}

// StatusCount is how often there was a status, by its name in C.
type StatusCount struct {
	Status string `json:"status"`
	Count  int64  `json:"count"`
}

// CodeCount is how many sends a broker refused with a code.
type CodeCount struct {
	Code  int   `json:"code"`
	Sends int64 `json:"sends"`
}

// Refused are the calls that were not accepted.
type Refused struct {
	Calls    int64         `json:"calls"`
	ByStatus []StatusCount `json:"by_status"`
}

// Batches are those that "batch.auto" put together.
type Batches struct {
	Automatic int64 `json:"automatic"`
	Messages  int64 `json:"messages"`
}

// Peer is a name server or a broker.
type Peer struct {
	Address         string `json:"address"`
	Name            string `json:"name"` // Of a broker.
	State           string `json:"state"`
	StateMs         int64  `json:"state_ms"`
	Version         int    `json:"version"`
	Waiting         int64  `json:"waiting"`
	InFlight        int64  `json:"in_flight"`
	Connects        int64  `json:"connects"`
	ConnectsFailed  int64  `json:"connects_failed"`
	ConnectionsLost int64  `json:"connections_lost"`
	FramesOut       int64  `json:"frames_out"`
	FramesIn        int64  `json:"frames_in"`
	BytesOut        int64  `json:"bytes_out"`
	BytesIn         int64  `json:"bytes_in"`
	Throttled       int64  `json:"throttled"`
	Timeouts        int64  `json:"timeouts"`
	RoundTripUs     Times  `json:"round_trip_us"`
}

// Route is what is known of a topic.
type Route struct {
	Topic   string `json:"topic"`
	AgeMs   int64  `json:"age_ms"`
	Queues  int64  `json:"queues"`
	Brokers int64  `json:"brokers"`
}

// Times are a distribution of durations.
type Times struct {
	Count int64 `json:"count"`
	Min   int64 `json:"min"`
	Mean  int64 `json:"mean"`
	Max   int64 `json:"max"`
	P50   int64 `json:"p50"`
	P90   int64 `json:"p90"`
	P99   int64 `json:"p99"`
	P999  int64 `json:"p999"`
}

// Stats takes a snapshot of the statistics; after Close the last one.
func (p *Producer) Stats() (*Stats, error) {
	text, err := p.StatsJSON()
	if err != nil {
		return nil, err
	}
	stats := &Stats{}
	if err := json.Unmarshal(text, stats); err != nil {
		return nil, fmt.Errorf("the library's statistics: %w", err)
	}
	return stats, nil
}

// StatsJSON is Stats as the library writes it, with members that a later library may have added.
func (p *Producer) StatsJSON() ([]byte, error) {
	if p == nil || p.core == nil {
		return nil, refused(ErrInvalidHandle, "the producer was not made by NewProducer")
	}
	defer runtime.KeepAlive(p)
	if p.core.closed.Load() {
		return p.core.lastStats, nil
	}
	text, err := statsJSON(p.core.handle)
	if err != nil && p.core.closed.Load() { // in this moment
		return p.core.lastStats, nil
	}
	return text, err
}

func statsJSON(producer *C.rocketmq_producer) ([]byte, error) {
	var text *C.char
	var answer C.rmqgo_answer
	answer.status = C.rocketmq_producer_stats_json(producer, &text, &answer.error)
	if err := take(answer); err != nil {
		return nil, err
	}
	return []byte(owned(text)), nil
}
