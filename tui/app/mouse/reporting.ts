/** Asks the terminal to tell of clicks and the wheel (xterm's 1000), with numbers of any size (1006). */
export const mouseOn = '\u001b[?1000h\u001b[?1006h'

/** Leaves the mouse to the terminal, which selects text with it. */
export const mouseOff = '\u001b[?1006l\u001b[?1000l'
