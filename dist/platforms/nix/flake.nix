# nix run path:dist/platforms/nix -- serve, and a module for NixOS. It builds from this source.
{
  inputs.nixpkgs.url = "nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      forAll = nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ];
    in
    {
      packages = forAll (system: {
        default = nixpkgs.legacyPackages.${system}.rustPlatform.buildRustPackage {
          pname = "chatbot";
          version = "0.1.0";
          src = ../../..;
          cargoLock.lockFile = ../../../Cargo.lock;
          # The tests need browsers and a network.
          doCheck = false;
        };
      });

      nixosModules.default =
        { config, lib, pkgs, ... }:
        {
          options.services.chatbot.enable = lib.mkEnableOption "chatbot";
          # Everything is kept in /var/lib/chatbot.
          config.systemd.services.chatbot = lib.mkIf config.services.chatbot.enable {
            wantedBy = [ "multi-user.target" ];
            serviceConfig = {
              ExecStart = "${self.packages.${pkgs.system}.default}/bin/chatbot serve --data-dir /var/lib/chatbot";
              DynamicUser = true;
              StateDirectory = "chatbot";
              StateDirectoryMode = "0700";
              Restart = "on-failure";
              LimitNOFILE = 65536;
            };
          };
        };
    };
}
