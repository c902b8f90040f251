// Starts `enigma lsp` and connects the editor with it; all else is in the server.

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function activate() {
  const command = vscode.workspace.getConfiguration("enigma").get("command", "enigma");
  const server = { command, args: ["lsp"] };
  const documents = { documentSelector: [{ language: "enigma" }] };
  client = new LanguageClient("enigma", "Enigma", server, documents);
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(
      `${command} lsp did not start (${error.message}); set enigma.command to where it is`,
    );
  }
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
