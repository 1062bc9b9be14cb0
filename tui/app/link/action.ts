/** Something that the daemon is asked to do, as data: a dialog can hold it until it is confirmed. */
export type Action =
  | { readonly do: 'kill'; readonly ids: readonly string[] }
  | { readonly do: 'addUser'; readonly name: string; readonly password: string }
  | { readonly do: 'removeUser'; readonly name: string }
  | { readonly do: 'setPassword'; readonly name: string; readonly password: string }
  | { readonly do: 'setEnabled'; readonly name: string; readonly enabled: boolean }
