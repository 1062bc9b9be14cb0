import type { TextProps } from 'ink'

/** How a text looks, as properties of Ink's `Text`. */
export type Style = Pick<
  TextProps,
  'color' | 'backgroundColor' | 'bold' | 'dimColor' | 'underline' | 'inverse' | 'strikethrough'
>

/** What a text on the screen is. All that is not named has the terminal's own colours. */
export type Role =
  /** The first row: who is watched. */
  | 'title'
  | 'tab'
  | 'openTab'
  /** The headers of columns, and of panels and dialogs. */
  | 'columns'
  | 'heading'
  /** The row or button that the next key is about. */
  | 'selected'
  | 'marked'
  | 'good'
  | 'warning'
  | 'bad'
  /** What must be seen at once, from any page. */
  | 'alarm'
  /** What is old, or an aside. */
  | 'dim'
  | 'hint'
  /** Traffic to the client, and from it. */
  | 'down'
  | 'up'
  | 'axis'
  | 'border'

/** How each of them looks. No meaning is told by this alone. */
export type Theme = Readonly<Record<Role, Style>>

export const themeNames = ['dark', 'light', 'contrast', 'terminal'] as const
export type ThemeName = (typeof themeNames)[number]

/** The next theme, for who goes through them. */
export function nextTheme(name: ThemeName): ThemeName {
  return themeNames[(themeNames.indexOf(name) + 1) % themeNames.length] ?? 'dark'
}
