/** What the control plane knows of one user. The password is only ever seen as scrypt. */
export interface AccountView {
  readonly name: string
  /** 1 to 65,535; stable while the user exists, and given again only once the engine has cut the former owner's sessions. */
  readonly index: number
  readonly enabled: boolean
  /** False for a user given with `--user`, who lasts as long as the daemon. */
  readonly stored: boolean
  /** Milliseconds since 1970. */
  readonly created: number
}
