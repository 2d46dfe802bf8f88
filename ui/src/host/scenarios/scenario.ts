import type {
  AccountView,
  Commands,
  ConnectionView,
  Item,
  Message,
  MetricsView,
  Notice,
  Preferences,
} from '../protocol';

/** What goes on in a scenario, done to the fake core. */
export interface Fake {
  /** Changes the connection's view, and says so. */
  connection: (change: Partial<ConnectionView>) => void;
  /** Stores items as the stream would. */
  receive: (...items: Item[]) => void;
  /** Waits as after a failure, and dials. */
  waitAndDial: (reason: Message, attempt: number) => void;
}

/** What a scenario begins with, and what goes on in it. */
export interface Scenario {
  items: Item[];
  connection: ConnectionView;
  account: AccountView;
  preferences: Preferences;
  notices: Notice[];
  metrics: MetricsView;
  requestedItem: string | null;
  /** Commands that fail, and with what. */
  refusals: Partial<Record<keyof Commands, string | Message>>;
  /** What happens by itself once the window has attached. */
  begin: (fake: Fake) => void;
}
