# Homebrew on Linux. RELEASES, VERSION and the checksums are those of a release's SHA256SUMS.
class Chatbot < Formula
  desc "Self-hosted chat rooms with a bot that runs jobs"
  homepage "RELEASES"
  version "VERSION"
  license any_of: ["MIT", "Apache-2.0"]
  depends_on :linux

  on_intel do
    url "RELEASES/chatbot-VERSION-x86_64-unknown-linux-musl.tar.xz"
    sha256 "SHA256_X86_64"
  end
  on_arm do
    url "RELEASES/chatbot-VERSION-aarch64-unknown-linux-musl.tar.xz"
    sha256 "SHA256_AARCH64"
  end

  def install
    bin.install "chatbot"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/chatbot.bash" => "chatbot"
    zsh_completion.install "completions/chatbot.zsh" => "_chatbot"
    fish_completion.install "completions/chatbot.fish"
  end

  # Everything is kept in var/chatbot.
  service do
    run [opt_bin/"chatbot", "serve", "--data-dir", var/"chatbot"]
    keep_alive true
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/chatbot --version")
  end
end
