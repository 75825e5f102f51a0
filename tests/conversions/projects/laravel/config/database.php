<?php
return [
    'default' => parse_url(env('DATABASE_URL'), PHP_URL_SCHEME),
    'connections' => [
        'mysql' => ['driver' => 'mysql', 'url' => env('DATABASE_URL')],
        'postgresql' => ['driver' => 'pgsql', 'url' => env('DATABASE_URL')],
    ],
    'migrations' => 'migrations',
];
