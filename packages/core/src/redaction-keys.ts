/**
 * Which names are secret, whatever stands under them: of fields, attributes, headers and parameters alike.
 *
 * Names are compared in lower case without `-`, `_` and spaces; of a dotted name the last part counts as well.
 */

/** Personal data that a policy covers when it is asked to. */
export type RedactionPreset = 'pii'

/** Answers for names; it remembers them, because names repeat, and for a bounded number. */
export interface SecretKeys {
  /** @param parent the name of the object that `key` stands in, where one is known */
  has(key: string, parent?: string): boolean
}

/** Makes the list: credentials, cookies and tokens, what `keys` adds, and the preset's. */
export function createSecretKeys(
  keys: readonly string[],
  preset: RedactionPreset | undefined,
  urlKeys: readonly string[] = [],
): SecretKeys {
  const isPersonal = preset === 'pii'
  return new Keys(
    new Set([...SECRET_KEYS, ...(isPersonal ? PERSONAL_KEYS : []), ...keys, ...urlKeys].map(plainKey)),
    isPersonal ? [...SECRET_ENDINGS, ...PERSONAL_ENDINGS] : SECRET_ENDINGS,
    isPersonal,
  )
}

/** How many names have their answer kept. */
const MAX_KNOWN = 2_000
const MAX_KNOWN_LENGTH = 100

class Keys implements SecretKeys {
  readonly #names: ReadonlySet<string>
  readonly #endings: readonly string[]
  readonly #isPersonal: boolean
  readonly #known = new Map<string, boolean>()

  constructor(names: ReadonlySet<string>, endings: readonly string[], isPersonal: boolean) {
    this.#names = names
    this.#endings = endings
    this.#isPersonal = isPersonal
  }

  has(key: string, parent = ''): boolean {
    const known = this.#known.get(key)
    const secret = known ?? this.#learn(key)
    if (secret || !this.#isPersonal) return secret
    return isOfPerson(plainKey(key), plainKey(lastPart(parent)))
  }

  #learn(key: string): boolean {
    const secret = this.#isSecret(key)
    if (this.#known.size < MAX_KNOWN && key.length <= MAX_KNOWN_LENGTH) this.#known.set(key, secret)
    return secret
  }

  #isSecret(key: string): boolean {
    const plain = plainKey(key)
    if (this.#names.has(plain) || this.#endings.some((ending) => plain.endsWith(ending))) return true
    const dot = plain.lastIndexOf('.')
    if (dot < 0) return false
    const last = plain.slice(dot + 1)
    return this.#names.has(last) || (this.#isPersonal && isOfPerson(last, lastPart(plain.slice(0, dot))))
  }
}

/** `user.name` is a person's, `service.name` is not; `client.address` is no person's, an address alone may be. */
function isOfPerson(plain: string, owner: string): boolean {
  if (plain === 'name') return PERSONS.has(owner)
  return plain === 'address' && !MACHINES.has(owner)
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function plainKey(key: string): string {
  return key.toLowerCase().replaceAll('-', '').replaceAll('_', '').replaceAll(' ', '')
}

const SECRET_KEYS: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'cookies',
  'set-cookie',
  'x-api-key',
  'api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-xsrf-token',
  'password',
  'passwd',
  'passphrase',
  'secret',
  'client-secret',
  'token',
  'access-token',
  'refresh-token',
  'id-token',
  'auth-token',
  'private-key',
  'secret-key',
  'credentials',
  'card-number',
  'credit-card',
  'cvv',
  'cvc',
  // Query parameters that sign or authorise a URL: semantic conventions 1.45, `url.query`.
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
]

/** How a key ends that is secret whatever stands before, written plainly. */
const SECRET_ENDINGS: readonly string[] = [
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'credentials',
  'privatekey',
  'secretkey',
  'secretaccesskey',
]

const PERSONAL_KEYS: readonly string[] = [
  'email',
  'e-mail',
  'mail',
  'email-address',
  'phone',
  'phone-number',
  'telephone',
  'tel',
  'mobile',
  'mobile-number',
  'fax',
  'address-line1',
  'address-line2',
  'street',
  'postal-code',
  'postcode',
  'zip',
  'zip-code',
  'first-name',
  'middle-name',
  'last-name',
  'full-name',
  'given-name',
  'family-name',
  'maiden-name',
  'display-name',
  'surname',
  'nickname',
  'username',
  'login',
  'date-of-birth',
  'birth-date',
  'birthday',
  'dob',
  'ssn',
  'social-security-number',
  'passport-number',
]

const PERSONAL_ENDINGS: readonly string[] = [
  'email',
  'phone',
  'phonenumber',
  'firstname',
  'lastname',
  'fullname',
  'username',
  'streetaddress',
  'homeaddress',
  'postaladdress',
  'billingaddress',
  'shippingaddress',
  'mailingaddress',
]

/** Said of machines as often as of people, `name` and `address` are decided by whom they belong to. */
const MACHINES: ReadonlySet<string> = new Set([
  'server',
  'service',
  'client',
  'host',
  'network',
  'peer',
  'local',
  'remote',
  'socket',
  'source',
  'destination',
  'listener',
])
const PERSONS: ReadonlySet<string> = new Set([
  'user',
  'enduser',
  'customer',
  'person',
  'patient',
  'employee',
  'member',
  'contact',
  'recipient',
  'sender',
  'owner',
  'author',
  'account',
  'profile',
  'passenger',
  'guest',
  'buyer',
  'seller',
  'holder',
  'cardholder',
  'billing',
  'shipping',
])
