package rocketmq

import "sync"

// ended is the end of a call: exactly one of the two, and neither for a flush that succeeded.
type ended struct {
	result *Result
	err    error
}

// call is one that the library has accepted, or is being asked to.
type call struct {
	topic string
	// Of a call that somebody waits for. Room for one, so that whoever settles never waits.
	done chan ended
	// Of a call that nobody waits for.
	callback func(*Result, error)
	// Ends the watch over the context, if there is one.
	stop func() bool
	// Told behind the callbacks of earlier ends.
	inOrder bool
}

// calls are the open calls, by their tags. A tag is the place in the low half and above it how often the place was
// used before: what is taken out cannot be found again, so whoever takes a call, the event or the cancelled context,
// is alone in settling it.
type calls struct {
	lock  sync.Mutex
	slots []slot
	free  []uint32
}

type slot struct {
	call
	generation uint32
	used       bool
}

func (c *calls) add(one call) uint64 {
	c.lock.Lock()
	defer c.lock.Unlock()
	var place uint32
	if last := len(c.free) - 1; last >= 0 {
		place, c.free = c.free[last], c.free[:last]
	} else {
		place = uint32(len(c.slots))
		c.slots = append(c.slots, slot{})
	}
	at := &c.slots[place]
	at.generation++
	at.call, at.used = one, true
	return uint64(at.generation)<<32 | uint64(place)
}

func (c *calls) take(tag uint64) (call, bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.takeLocked(tag)
}

func (c *calls) takeLocked(tag uint64) (call, bool) {
	at := c.find(tag)
	if at == nil {
		return call{}, false
	}
	one := at.call
	at.call, at.used = call{}, false
	c.free = append(c.free, uint32(tag))
	return one, true
}

func (c *calls) find(tag uint64) *slot {
	place := uint32(tag)
	if uint64(place) >= uint64(len(c.slots)) {
		return nil
	}
	at := &c.slots[place]
	if !at.used || at.generation != uint32(tag>>32) {
		return nil
	}
	return at
}

// watch keeps what ends the watch over a context; false if the call has ended meanwhile.
func (c *calls) watch(tag uint64, stop func() bool) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	at := c.find(tag)
	if at != nil {
		at.stop = stop
	}
	return at != nil
}

// takeAll is for the end, when no event follows any more.
func (c *calls) takeAll() []call {
	c.lock.Lock()
	defer c.lock.Unlock()
	var open []call
	for place := range c.slots {
		if at := &c.slots[place]; at.used {
			one, _ := c.takeLocked(uint64(at.generation)<<32 | uint64(place))
			open = append(open, one)
		}
	}
	return open
}
