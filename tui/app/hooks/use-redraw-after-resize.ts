import { useEffect, useRef } from 'react'
import type { App } from '../keys/app.ts'
import type { State } from '../store/state.ts'

/** Milliseconds without another change of size. */
const settled = 100

/**
 * Draw all of the screen again once its size has settled. While it changes, frames of one size meet a screen of another,
 * and what that leaves behind is not in the differences that Ink draws from then on.
 */
export function useRedrawAfterResize({ redraw }: App, { columns, rows }: State['size']): void {
  const drawn = useRef({ columns, rows })
  useEffect(() => {
    if (drawn.current.columns === columns && drawn.current.rows === rows) return
    const timer = setTimeout(() => {
      drawn.current = { columns, rows }
      redraw()
    }, settled)
    return () => clearTimeout(timer)
  }, [redraw, columns, rows])
}
