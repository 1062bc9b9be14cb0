/**
 * Stands in for `blessed`, the base of blessed-contrib's widgets. The canvas needs no more of it here than a thing that
 * hears 'attach'; a real blessed screen would take over the terminal and its signals.
 */
export { EventEmitter as Box, EventEmitter as Node } from 'node:events'
