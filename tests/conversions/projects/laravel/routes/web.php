<?php
Illuminate\Support\Facades\Route::view('/', 'home')->name('home');
