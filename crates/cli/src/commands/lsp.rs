//! `enigma lsp`: a language server over standard input and output. The loop is here, answers are in
//! [`server`], and what they are made of is in `enigma_lang::ide`.

mod convert;
mod places;
mod server;
#[cfg(test)]
mod tests;

use clap::Args;
use lsp_server::{Connection, Message};
use lsp_types::notification::{Exit, Notification as _};
use serde_json::json;
use server::Server;

use crate::report::Problem;

#[derive(Debug, Args)]
#[command(
    after_help = "Editors start it; see editors/vscode in the repository. It reads and writes the
Language Server Protocol. An editor sends what it has open; what that uses of files beside it and is not
open is read from the disk."
)]
pub(crate) struct LspOptions {
    /// Speak over standard input and output, which is the only way; some editors insist to say so.
    #[arg(long)]
    stdio: bool,
}

/// Serves one editor until it says goodbye.
pub(crate) fn run(_: &LspOptions) -> Result<(), Problem> {
    let (connection, threads) = Connection::stdio();
    let served = serve(&connection);
    // The writer ends when nobody can send any more.
    drop(connection);
    served?;
    threads
        .join()
        .map_err(|error| Problem::failed(format!("the editor cannot be reached: {error}")))
}

/// Answers messages in order. Diagnostics are made when nothing else waits, so that who types fast does not
/// wait for those of texts that are gone.
fn serve(connection: &Connection) -> Result<(), Problem> {
    let lost = |what: String| Problem::failed(format!("the editor broke the protocol: {what}"));
    let (id, _) = connection
        .initialize_start()
        .map_err(|error| lost(error.to_string()))?;
    let answer = json!({
        "capabilities": convert::capabilities(),
        "serverInfo": {"name": "enigma", "version": env!("CARGO_PKG_VERSION")},
    });
    connection
        .initialize_finish(id, answer)
        .map_err(|error| lost(error.to_string()))?;
    let mut server = Server::default();
    loop {
        let waiting = connection.receiver.try_recv().ok();
        let message = match waiting {
            Some(message) => message,
            None => {
                if let Some(diagnostics) = server.due() {
                    send(connection, Message::Notification(diagnostics))?;
                    continue;
                }
                let received = connection.receiver.recv();
                received.map_err(|_| lost("it left without saying goodbye".to_owned()))?
            }
        };
        match message {
            Message::Request(request) => {
                let goodbye = connection.handle_shutdown(&request);
                if goodbye.map_err(|error| lost(error.to_string()))? {
                    return Ok(());
                }
                send(connection, Message::Response(server.answer(request)))?;
            }
            Message::Notification(notification) if notification.method == Exit::METHOD => {
                return Err(lost("it left without saying goodbye".to_owned()));
            }
            Message::Notification(notification) => {
                for answer in server.note(notification) {
                    send(connection, Message::Notification(answer))?;
                }
            }
            // Nothing is ever asked of the editor.
            Message::Response(_) => {}
        }
    }
}

fn send(connection: &Connection, message: Message) -> Result<(), Problem> {
    let sent = connection.sender.send(message);
    sent.map_err(|_| Problem::failed("the editor is gone"))
}
