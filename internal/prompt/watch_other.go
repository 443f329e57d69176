//go:build !unix

package prompt

// watch does nothing: nothing here stops a process, and no signal tells of sizes.
func (p *Prompt) watch() (unwatch func()) { return func() {} }
