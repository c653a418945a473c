"""Who comes in and what they may do: users, rights, certificates, kubeconfigs."""
