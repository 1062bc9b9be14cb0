import type { TextProps } from 'ink'
import type { Background } from '../terminal/background.ts'

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
  /** The header of the column that a table is sorted by. */
  | 'sorted'
  | 'heading'
  /** The row or button that the next key is about. */
  | 'selected'
  | 'marked'
  | 'good'
  | 'warning'
  | 'bad'
  /** What waits for a rate, and who is beyond a limit. */
  | 'paced'
  | 'over'
  /** What must be seen at once, from any page. */
  | 'alarm'
  /** What is old, or an aside. */
  | 'dim'
  /** A number that is nothing. */
  | 'zero'
  /** A key, and the word for what it does or for what stands behind it. */
  | 'key'
  | 'label'
  /** Traffic to the client, and from it. */
  | 'down'
  | 'up'
  /** A number of it that a bar lies behind. */
  | 'downBar'
  | 'upBar'
  | 'axis'
  | 'border'

/** How each of them looks. No meaning is told by this alone. */
export type Theme = Readonly<Record<Role, Style>>

export const themeNames = ['light', 'contrast', 'terminal', 'dark'] as const
export type ThemeName = (typeof themeNames)[number]

/** What a person can choose: `auto` is what suits the terminal's background. */
export const themeChoices = ['auto', ...themeNames] as const
export type ThemeChoice = (typeof themeChoices)[number]

/** The theme that a choice comes to on this background. */
export function themeFor(choice: ThemeChoice, background: Background): ThemeName {
  return choice === 'auto' ? background : choice
}

/** The next choice, for who goes through them. */
export function nextTheme(choice: ThemeChoice): ThemeChoice {
  return themeChoices[(themeChoices.indexOf(choice) + 1) % themeChoices.length] ?? 'auto'
}
