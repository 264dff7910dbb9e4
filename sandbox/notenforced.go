package sandbox

import (
	"fmt"
	"strings"
)

// NotEnforced is what of the policy does not hold, or not wholly, on this machine: what
// Landlock lacks here, what there is no namespace for, and limits that could not be had. It
// is to be called after Start. Nothing: all of it holds.
func (c *Cmd) NotEnforced() (list []Loss) {
	p := &c.Policy
	if p.Landlock.Mode != LandlockNone {
		abi, why := p.abi()
		_, lost := p.landlock().Downgrade(abi)
		switch {
		case why != nil:
			list = append(list, Loss{"landlock", "it is not used: " + why.Error()})
		case len(lost) > 0:
			list = append(list, Loss{"landlock", fmt.Sprintf("ABI %d cannot restrict %s", abi, strings.Join(names(lost), ", "))})
		}
	}
	list = append(list, p.NotGuaranteed()...)
	for _, text := range c.NotLimited() {
		list = append(list, Loss{"limits", text})
	}
	return list
}
