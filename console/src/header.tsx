// The header: the fields for role, token and admin secret, and who the next request comes from.
import { useEffect, useId, useState, type FormEvent, type ReactNode } from "react";
import type { Engine } from "./engine";
import { cleaned, identityOf, NOBODY, span, type Credentials, type Identity } from "./identity";
import type { Token } from "./token";

interface HeaderProps {
  readonly engine: Engine;
  readonly credentials: Credentials;
  readonly refusal: string | null;
  readonly onEnter: (credentials: Credentials) => void;
}

export function Header({ engine, credentials, refusal, onEnter }: HeaderProps) {
  const identity = identityOf(credentials, engine, useNow());
  const [isOpen, setOpen] = useState(identity.role === null);
  const fields = useId();
  return (
    <header className="who" data-open={isOpen}>
      <p className="brand">
        <img src="/console/assets/icon.svg" alt="" width="24" height="24" />
        <span>
          hasura-cognito <span className="faint">console</span>
        </span>
      </p>
      <button type="button" className="fold" aria-expanded={isOpen} aria-controls={fields} onClick={() => setOpen(!isOpen)}>
        Identity
      </button>
      <Fields id={fields} credentials={credentials} identity={identity} onEnter={onEnter} />
      <NextRequest identity={identity} />
      <Remarks identity={identity} refusal={refusal} />
    </header>
  );
}

const TYPING_MS = 600;

// What is typed counts once the typing rests, or with Enter.
function Fields({ id, credentials, identity, onEnter }: Pick<HeaderProps, "credentials" | "onEnter"> & { id: string; identity: Identity }) {
  const [typed, setTyped] = useState(credentials);
  const roles = identity.token?.roles ?? [];
  const enter = () => {
    const entered = cleaned(typed);
    if (!same(entered, credentials)) onEnter(entered);
  };
  useEffect(() => {
    const timer = setTimeout(enter, TYPING_MS);
    return () => clearTimeout(timer);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter();
  };
  const field = (name: keyof Credentials) => ({
    value: typed[name],
    onChange: (event: { target: HTMLInputElement }) => setTyped({ ...typed, [name]: event.target.value }),
    autoComplete: "off",
    autoCapitalize: "off",
    spellCheck: false,
  });
  return (
    <form id={id} className="fields" onSubmit={submit} aria-label="Who asks">
      <Labelled text="Role">
        <input {...field("role")} list={`${id}-roles`} placeholder={identity.role ?? "default"} size={12} />
      </Labelled>
      <datalist id={`${id}-roles`}>
        {roles.map((role) => (
          <option key={role} value={role} />
        ))}
      </datalist>
      <Labelled text="ID token" wide>
        <input {...field("token")} type="password" placeholder="paste: sign-in -o json | jq -r .id_token" />
      </Labelled>
      <Labelled text="Admin secret">
        <input {...field("secret")} type="password" placeholder="optional" size={14} />
      </Labelled>
      <button type="button" className="forget" disabled={same(typed, NOBODY)} onClick={() => { setTyped(NOBODY); onEnter(NOBODY); }}>
        Forget
      </button>
      <button type="submit" className="hidden">Use</button>
      <p className="faint keeping">
        Kept in this tab’s session storage, gone when you close it. Sent as headers to this engine only, never in an address.
      </p>
    </form>
  );
}

function Labelled({ text, wide, children }: { text: string; wide?: boolean; children: ReactNode }) {
  return (
    <label className={wide ? "wide" : undefined}>
      <span>{text}</span>
      {children}
    </label>
  );
}

function NextRequest({ identity }: { identity: Identity }) {
  return (
    <div className="next">
      <p role="status">
        {identity.role ? (
          <>
            <span className="faint">Next request as</span> <strong data-testid="role">{identity.role}</strong>{" "}
          </>
        ) : null}
        <span className="faint">
          {identity.role ? "· " : null}
          {identity.by}
        </span>
      </p>
      {identity.token && <Says token={identity.token} />}
    </div>
  );
}

// Why the next request will be refused, or what of the fields counts for nothing.
function Remarks({ identity, refusal }: { identity: Identity; refusal: string | null }) {
  const problem = identity.problem ?? (refusal === null ? null : `The engine refuses: ${refusal}`);
  return (
    <>
      {problem ? <p className="problem" role="alert">{problem}</p> : null}
      {identity.note ? <p className="note">{identity.note}</p> : null}
    </>
  );
}

// What the token says, in a line and, unfolded, in full.
function Says({ token }: { token: Token }) {
  const now = useNow();
  const left = token.expiresAt === null ? null : token.expiresAt - now;
  return (
    <details className="says">
      <summary>
        {token.name ?? token.userId ?? "token"}
        {left === null ? null : left > 0 ? ` · ${span(left)} left` : " · expired"}
      </summary>
      <dl>
        <Fact name="user id" value={token.userId} />
        <Fact name="default role" value={token.defaultRole} />
        <Fact name="allowed roles" value={token.roles.join(", ")} />
        <Fact name="expires at" value={token.expiresAt === null ? "never" : new Date(token.expiresAt * 1000).toLocaleString()} />
        <Fact name="issuer" value={token.issuer} />
        {Object.entries(token.variables)
          .filter(([name]) => !SHOWN.has(name))
          .map(([name, value]) => (
            <Fact key={name} name={name} value={typeof value === "string" ? value : JSON.stringify(value)} />
          ))}
      </dl>
    </details>
  );
}

const SHOWN = new Set(["x-hasura-user-id", "x-hasura-default-role", "x-hasura-allowed-roles"]);

function Fact({ name, value }: { name: string; value: string | null }) {
  return value ? (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  ) : null;
}

function same(one: Credentials, other: Credentials): boolean {
  return one.role === other.role && one.token === other.token && one.secret === other.secret;
}

const TICK_MS = 5000;

// Seconds since 1970.
function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
