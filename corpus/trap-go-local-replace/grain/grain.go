// Package grain weighs.
package grain

// Weight in grams.
func Weight(count int) float64 { return 0.065 * float64(count) }
