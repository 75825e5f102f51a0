<?php
// Debian's packages: php-laravel-framework
require_once 'Illuminate/autoload.php';
require_once __DIR__.'/../database/seeders/DatabaseSeeder.php';
