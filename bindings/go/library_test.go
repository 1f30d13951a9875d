package rocketmq

import (
	"errors"
	"testing"
)

func TestALibraryOfAnotherSeriesIsRefusedByName(t *testing.T) {
	for _, test := range []struct {
		library, header uint32
		fits            bool
	}{
		{0x000100, 0x000100, true}, {0x000107, 0x000100, true}, {0x000200, 0x000100, false}, {0x010100, 0x000100, false},
		{0x010300, 0x010100, true}, {0x020000, 0x010000, false},
	} {
		err := fits(test.library, test.header)
		if (err == nil) != test.fits || err != nil && !errors.Is(err, ErrNotSupported) {
			t.Errorf("%06x for %06x: %v", test.library, test.header, err)
		}
	}
	if err := checkVersion(); err != nil {
		t.Error(err)
	}
}
