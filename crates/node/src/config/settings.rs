//! What each setting means: the one list behind the configuration file, the environment variables and
//! the operator's page.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key in the file; the environment variable is `ENIGMA_NODE_` and the key in capitals.
    pub key: &'static str,
    /// What holds when it is not set, in words.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn setting(key: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting {
        key,
        default,
        meaning,
    }
}

/// All settings, in the order of the file.
pub const SETTINGS: &[Setting] = &[
    setting(
        "chain_url",
        "required",
        "The chain's JSON-RPC endpoint, http:// or ws://.",
    ),
    setting(
        "controller",
        "required",
        "The controller contract's address.",
    ),
    setting(
        "confirmations",
        "12; 0 on development chains",
        "Blocks that must follow one before it counts; the same for all nodes of a network.",
    ),
    setting(
        "data_dir",
        ".",
        "Where keys and data are; a relative path is taken from the configuration file's folder.",
    ),
    setting(
        "listen_peer",
        "127.0.0.1:0",
        "Where committee members connect; port 0 takes a free one at every start.",
    ),
    setting(
        "listen_api",
        "127.0.0.1:0",
        "Where the public HTTP API listens; port 0 takes a free one at every start.",
    ),
    setting(
        "listen_metrics",
        "off",
        "Where /metrics is served, for the operator's own network only.",
    ),
    setting(
        "public_peer",
        "listen_peer",
        "host:port that committee members are told; it is registered on the chain.",
    ),
    setting(
        "public_api",
        "listen_api",
        "Base URL that clients are told; it is registered on the chain.",
    ),
    setting(
        "register",
        "true",
        "Register at start when the chain does not know this node yet.",
    ),
    setting(
        "deposit",
        "the controller's minimum",
        "Deposit put down at registration, in the chain's smallest unit.",
    ),
    setting("log_format", "json", "json (one object a line) or text."),
    setting("log_level", "info", "error, warn, info, debug or trace."),
    setting(
        "clock_skew_seconds",
        "30",
        "A peer whose clock differs by more is warned about.",
    ),
    setting(
        "api_rate",
        "2000",
        "Requests a second that one client (an IPv4 address, an IPv6 /64) may make, sustained.",
    ),
    setting(
        "api_burst",
        "4000",
        "Requests that one client may make at once.",
    ),
    setting(
        "api_body_bytes",
        "8388608",
        "Largest body of a request: bounds how much one member gives.",
    ),
    setting(
        "api_requests",
        "64",
        "Requests in hand at once, once their bodies are there.",
    ),
    setting("api_connections", "1024", "Connections of clients at once."),
    setting(
        "api_connections_per_address",
        "256",
        "Connections of one client at once.",
    ),
];
