package format

import (
	"io"

	"ductworks/internal/frame"
)

// A conversion makes a record's payload, for which it may append to dst. The
// error has no Where.
type conversion func(dst, record []byte) ([]byte, *RecordError)

// within makes a payload of at most limit bytes.
func (c conversion) within(limit int64, dst, record []byte) ([]byte, *RecordError) {
	payload, fault := c(dst, record)
	if fault == nil && int64(len(payload)) > limit {
		fault = tooLarge("", limit)
	}
	return payload, fault
}

// A lineDecoder gives a payload for each record of a splitter.
type lineDecoder struct {
	records splitter
	convert conversion // nil takes a record as it is
	limit   int64      // of a payload
	scratch []byte
	err     error
}

// newLineDecoder reads records of at most limit bytes, which may differ from
// the payload's o.Limit.
func newLineDecoder(src io.Reader, delim []byte, limit int64, o Options, convert conversion) *lineDecoder {
	return &lineDecoder{
		records: splitter{in: newBuffer(src, o), delim: delim, limit: max(limit, 0)},
		convert: convert,
		limit:   o.Limit,
	}
}

func (d *lineDecoder) Next() (frame.Payload, error) {
	if d.err != nil {
		return frame.Payload{}, d.err
	}
	payload, err := d.records.next()
	if err == nil && d.convert != nil {
		payload, err = d.converted(payload)
	}
	if err == errTooLarge {
		err = tooLarge(d.records.where(), d.limit)
	}
	d.err = err
	return frame.Payload{Bytes: payload}, err
}

// Gather appends those records to batch that lie whole in memory and are taken
// as they are, as far as its capacity goes. They are valid until the next call
// of Next, and so is the one that Next has given last.
func (d *lineDecoder) Gather(batch []frame.Payload) []frame.Payload {
	if d.convert != nil {
		return batch
	}
	return d.records.gather(batch)
}

// converted gives the payload of a record.
func (d *lineDecoder) converted(record []byte) ([]byte, error) {
	payload, fault := d.convert.within(d.limit, reuse(d.scratch, len(record)), record)
	if fault != nil {
		fault.Where = d.records.where()
		return nil, fault
	}
	d.scratch = payload
	return payload, nil
}

// lineMessage gives the payload of text taken as one record.
func lineMessage(text string, limit int64, convert conversion) ([]byte, error) {
	payload, fault := convert.within(limit, nil, []byte(text))
	if fault != nil {
		return nil, fault
	}
	return payload, nil
}
