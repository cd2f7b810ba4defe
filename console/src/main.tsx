// The page: who asks above, GraphiQL below. A new identity is a new connection, and GraphiQL fetches its schema.
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { usePluginStore, type GraphiQLPlugin } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { setNonce } from "get-nonce";
import { useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { readEngine, type Engine } from "./engine";
import { connect } from "./fetcher";
import { Header } from "./header";
import { headersOf, type Credentials } from "./identity";
import { keep, keepPlugin, kept, keptPlugin } from "./keeping";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./console.css";

const EXPLORER = explorerPlugin({ showAttribution: false });
const PLUGINS = [EXPLORER];

const NONE = "none";
// On a phone the explorer would hide the rest.
const FIRST_PANE = matchMedia("(min-width: 801px)").matches ? EXPLORER.title : NONE;

// One function for all time: with a new one GraphiQL closes the pane.
const remember = (plugin: GraphiQLPlugin | null) => keepPlugin(plugin?.title ?? NONE);

const WELCOME = `# Ctrl-Enter runs it, Ctrl-Space completes.
# The schema is that of the role above.

`;

function Console({ engine }: { engine: Engine }) {
  const [credentials, setCredentials] = useState<Credentials>(kept);
  const [refusal, setRefusal] = useState<string | null>(null);
  const connection = useMemo(() => connect(headersOf(credentials, engine), setRefusal), [credentials, engine]);
  useEffect(() => () => connection.close(), [connection]);
  const enter = (entered: Credentials) => {
    keep(entered);
    setCredentials(entered);
  };
  return (
    <>
      <Header engine={engine} credentials={credentials} refusal={refusal} onEnter={enter} />
      <main>
        <GraphiQL
          fetcher={connection.fetcher}
          plugins={PLUGINS}
          onTogglePluginVisibility={remember}
          defaultQuery={WELCOME}
          inputValueDeprecation
          schemaDescription
        >
          <GraphiQL.Logo>
            <OpenPlugin />
          </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

// Opens the pane that was open last. GraphiQL's own property for it leaves the pane folded, so it is a click on the button.
function OpenPlugin() {
  const { plugins } = usePluginStore();
  useEffect(() => {
    const name = `Show ${keptPlugin() ?? FIRST_PANE}`;
    document.querySelector<HTMLElement>(`.graphiql-sidebar button[aria-label="${name}"]`)?.click();
  }, [plugins]);
  return null;
}

const root = document.getElementById("root");
if (root) {
  const engine = readEngine(document);
  setNonce(engine.styleNonce);
  createRoot(root).render(<Console engine={engine} />);
}
