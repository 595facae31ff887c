// SPDX-License-Identifier: Apache-2.0
// nginx on a real server: says its name and who it thinks the client is, gives away a large file, takes uploads.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Bytes of the file /big. */
export const BIG = 8 << 20;

/** Writes nginx's files for a server of that name; returns its arguments. dir: the lab's directory. Uploads to /up/NAME land in dir/SERVER/www/up. */
export function webServer(labDir, server) {
  const dir = path.join(labDir, server);
  mkdirSync(path.join(dir, 'www/up'), { recursive: true });
  writeFileSync(path.join(dir, 'www/big'), Buffer.alloc(BIG, `${server} `));
  const conf = path.join(dir, 'nginx.conf');
  writeFileSync(conf, `user root; worker_processes 1; daemon off; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 512; }
http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
server { listen 80; listen [::]:80; root ${dir}/www; client_max_body_size 64m;
location = / { default_type text/plain; return 200 "${server} saw $remote_addr\\n"; }
location /up/ { dav_methods PUT; } } }
`);
  return ['-c', conf, '-p', dir];
}
