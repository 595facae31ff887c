// SPDX-License-Identifier: Apache-2.0
const SERVICE = '-t|u|q|1|f|H service';

/** What follows the name of the program. */
export const USAGE = [
  `-A|E ${SERVICE} [-s scheduler] [-p [seconds]] [-M mask] [attributes]`,
  `-D ${SERVICE}`,
  '-C',
  `-a|e ${SERVICE} -r server [-g|i|m|b|J] [-w weight] [-x number] [-y number]`,
  `-d ${SERVICE} -r server`,
  `-L|l [${SERVICE}] [--stats|--rate|--thresholds|--persistent-conn] [-n] [-X] [--cpu index]`,
  '-L|l -c [--persistent-conn] [--sockpair pair] [-n]',
  `-Z [${SERVICE}]`,
  `-P|Q ${SERVICE} -z address -F device`,
  `-G [${SERVICE}] [--cpu index]`,
  `-U|V ${SERVICE} -k address`,
  `-O|Y ${SERVICE} -2 address`,
  `-B|W [${SERVICE}]`,
  '-S [-n] [--compat-save]',
  '-R < rules',
  '-h|v',
  '--apply file [--dry-run]',
  `--drain ${SERVICE} [-r server] [--deadline seconds]`,
  `--replace-server ${SERVICE} -r server --replacement server`,
  `--flush-laddr|--flush-blklst|--flush-whtlst ${SERVICE}`,
  '--completion shell',
] as const;
